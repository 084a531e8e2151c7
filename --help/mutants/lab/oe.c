/*
 * Open Enclave's two envelopes around a quote.
 */
#include "lab_in.h"

/* clang-format off */
const uint8_t lab_oe_uuid_ecdsa[16] =
    { 0xa3, 0xa2, 0x1e, 0x87, 0x1b, 0x4d, 0x40, 0x14, 0xb7, 0x0a, 0xa1, 0x25, 0xd2, 0xfb, 0xcd, 0x8c };
const uint8_t lab_oe_uuid_report[16] =
    { 0xc8, 0x30, 0x34, 0x54, 0xd9, 0x23, 0x4c, 0x2c, 0xa6, 0x91, 0xdf, 0x7d, 0xef, 0x46, 0x0a, 0x76 };
const uint8_t lab_oe_uuid_raw_quote[16] =
    { 0x19, 0x23, 0xd9, 0x1e, 0x12, 0xd2, 0x4c, 0x72, 0xb2, 0x20, 0x25, 0xcd, 0x8d, 0xac, 0xe8, 0x71 };
/* clang-format on */

enum { REPORT_VERSION = 1, REPORT_REMOTE = 2, EVIDENCE_VERSION = 3 };

struct span lab_oe_report(struct arena *a, struct span quote)
{
    struct writer w = writer_in(a, 16 + quote.n);
    struct span out = { 0 };

    write_u32le(&w, REPORT_VERSION);
    write_u32le(&w, REPORT_REMOTE);
    write_u64le(&w, quote.n);
    write_bytes(&w, quote);
    return writer_done(&w, &out, NULL) ? out : (struct span){ 0 };
}

struct span lab_oe_evidence(struct arena *a, const uint8_t uuid[16], struct span data)
{
    struct writer w = writer_in(a, 28 + data.n);
    struct span out = { 0 };

    write_u32le(&w, EVIDENCE_VERSION);
    write_bytes(&w, span_of(uuid, 16));
    write_u64le(&w, data.n);
    write_bytes(&w, data);
    return writer_done(&w, &out, NULL) ? out : (struct span){ 0 };
}
