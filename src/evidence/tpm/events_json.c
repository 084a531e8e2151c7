#include "events_json.h"

#include "../../base/b64.h"
#include "../../base/hex.h"
#include "../../base/utf8.h"
#include "../../crypto/cert.h"
#include "../../format/json.h"
#include "sipa_json.h"
#include "utf16.h"
#include "variable.h"

#include <inttypes.h>
#include <string.h>

struct job {
    const struct events_json_in *in;
    struct writer *w;
    struct err *err;
    size_t listed;
};

static void write_b64_member(struct writer *w, const char *name, struct span bytes)
{
    write_format(w, "\"%s\":\"", name);
    b64_write_url(w, bytes);
    write_u8(w, '"');
}

static bool write_string_member(struct writer *w, struct arena *a, const char *name,
                                const struct writer *text, struct err *err)
{
    if (text->has_failed)
        return arena_fail(a, err);
    write_format(w, "\"%s\":", name);
    json_write_string(w, writer_span(text));
    return true;
}

/* ---------------------------------------------------------------- the data of an event */

/* Boot loaders write ASCII with a NUL or without, or UTF-16. */
static bool looks_like_utf16(struct span s)
{
    if (s.n < 2 || s.n % 2 != 0)
        return false;
    for (size_t i = 1; i < s.n; i += 2)
        if (s.p[i] != 0)
            return false;
    return true;
}

static void write_text_of(struct writer *w, struct span s)
{
    uint32_t c;

    if (looks_like_utf16(s)) {
        utf16_write(w, utf16_trim(s));
        return;
    }
    if (s.n > 0 && s.p[s.n - 1] == 0)
        s.n--;
    while (s.n > 0) {
        size_t n = utf8_next(s, &c);

        utf8_write(w, n ? c : 0xFFFD);
        s = span_part(s, n ? n : 1, s.n);
    }
}

static bool write_text_data(struct writer *w, struct arena *a, struct span data, struct err *err)
{
    struct writer text = writer_in(a, data.n + 4);

    write_text_of(&text, data);
    write_text(w, "{");
    if (!write_string_member(w, a, "String", &text, err))
        return false;
    write_text(w, ",");
    write_b64_member(w, "RawData", data);
    write_text(w, "}");
    return true;
}

static bool write_variable_data(struct writer *w, struct arena *a, struct span data,
                                struct err *err)
{
    struct uefi_variable v;
    struct writer name;

    if (!variable_parse(data, &v, NULL)) {
        raw_json_write(w, data);
        return true;
    }
    name = writer_in(a, v.name.n / 2 * 3 + 4);
    utf16_write(&name, v.name);
    write_text(w, "{\"VariableGuid\":\"");
    guid_write(w, v.guid);
    write_text(w, "\",");
    if (!write_string_member(w, a, "UnicodeName", &name, err))
        return false;
    write_text(w, ",");
    write_b64_member(w, "VariableData", v.data);
    write_text(w, "}");
    return true;
}

static bool write_image_data(struct writer *w, struct arena *a, struct span data, struct err *err)
{
    struct image_load image;
    struct writer path;

    if (!image_load_parse(data, &image, NULL)) {
        raw_json_write(w, data);
        return true;
    }
    path = writer_in(a, 256);
    (void)!device_path_write(&path, image.device_path, NULL);
    write_text(w, "{");
    if (!write_string_member(w, a, "DevicePath", &path, err))
        return false;
    write_format(w, ",\"ImageLength\":%" PRIu64 ",\"ImageLocation\":%" PRIu64 ",", image.length,
                 image.location);
    write_b64_member(w, "RawData", data);
    write_text(w, "}");
    return true;
}

/* Outside Windows' PCRs: one number, one length, one text. */
static void write_tag_data(struct writer *w, struct span data)
{
    struct err ignored = { 0 };
    struct reader r = reader_over(data, &ignored);
    uint32_t id = reader_u32le(&r, "id");
    struct span text = reader_take(&r, reader_u32le(&r, "size"), "data");

    if (!reader_done(&r)) {
        raw_json_write(w, data);
        return;
    }
    write_format(w, "{\"TagId\":%" PRIu32 ",", id);
    write_b64_member(w, "RawData", text);
    write_text(w, "}");
}

bool event_data_json_write(struct writer *w, struct arena *a, const struct tpm_event *e,
                           struct err *err)
{
    const struct event_type *type = event_type_find(e->type);

    switch (type ? type->shape : DATA_RAW) {
    case DATA_TEXT:
        return write_text_data(w, a, e->content, err);
    case DATA_VARIABLE:
        return write_variable_data(w, a, e->content, err);
    case DATA_IMAGE:
        return write_image_data(w, a, e->content, err);
    case DATA_TAGGED:
        if (boot_pcr_has_records(e->pcr))
            return sipa_json_write(w, e->records, a, err);
        write_tag_data(w, e->content);
        return true;
    default:
        raw_json_write(w, e->content);
        return true;
    }
}

/* ---------------------------------------------------------------- events */

static bool is_held(const struct job *j, uint32_t pcr)
{
    return (j->in->held[j->in->bank] & 1u << pcr) != 0;
}

static void write_head(struct job *j, size_t seq, uint32_t pcr)
{
    write_format(j->w, "%s{\"EventSeq\":%zu,\"PcrIndex\":%" PRIu32, j->listed++ ? "," : "", seq,
                 pcr);
}

static void write_digests(struct job *j, const struct tpm_event *e)
{
    const char *comma = "";

    write_text(j->w, ",\"Digests\":{");
    for (unsigned b = 0; b < BANK_COUNT; b++) {
        if ((j->in->held[b] & 1u << e->pcr) == 0 || !e->digests[b])
            continue;
        write_format(j->w, "%s\"%s\":\"", comma, banks[b].name);
        hex_write(j->w, span_of(e->digests[b], banks[b].size));
        write_u8(j->w, '"');
        comma = ",";
    }
    write_text(j->w, "}");
}

/* Records that say of themselves that they are not measured lie in hashed data all the same. */
static bool write_unmeasured_records(struct job *j, const struct tpm_event *e)
{
    if (!sipa_has_unmeasured(e->records))
        return true;
    write_text(j->w, ",\"UnmeasuredData\":");
    return sipa_json_write_unmeasured(j->w, e->records, j->in->arena, j->err);
}

static bool write_data(struct job *j, const struct tpm_event *e)
{
    bool is_covered = e->measured == EVENT_DATA_HASHED;

    write_format(j->w, ",\"DataHashed\":%s,\"ProcessedData\":", is_covered ? "true" : "false");
    if (!is_covered && e->measured != EVENT_DATA_VALUE)
        write_text(j->w, "{},\"UnmeasuredData\":");
    if (!event_data_json_write(j->w, j->in->arena, e, j->err))
        return false;
    return !is_covered || write_unmeasured_records(j, e);
}

static bool write_event(void *arg, const struct boot_log *log, struct tpm_event *e, size_t seq)
{
    struct job *j = arg;
    char name[EVENT_TYPE_TEXT];
    bool is_foreign = log->origin == ORIGIN_SRTM && e->pcr >= 17 && e->pcr <= 22;

    if (e->type == EV_NO_ACTION || is_foreign || !is_held(j, e->pcr))
        return true;
    write_head(j, seq, e->pcr);
    write_format(j->w, ",\"EventType\":%" PRIu32 ",\"EventTypeString\":\"%s\"", e->type,
                 event_type_show(e->type, name));
    write_digests(j, e);
    if (!write_data(j, e))
        return false;
    write_text(j->w, "}");
    if (j->w->n <= TPM_EVENTS_JSON_MAX)
        return true;
    return err_fail(j->err, ERR_LIMIT, NULL, "the events are more than %d bytes of JSON",
                    TPM_EVENTS_JSON_MAX);
}

/* ---------------------------------------------------------------- IMA entries */

static bool is_word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static void write_plain_member(struct writer *w, struct arena *a, const char *name,
                               struct span bytes)
{
    struct writer text = writer_in(a, bytes.n + 4);

    write_text_of(&text, bytes);
    write_format(w, "\"%s\":", name);
    json_write_string(w, writer_span(&text));
    if (text.has_failed)
        w->has_failed = true;
}

static void write_text_member(struct writer *w, struct arena *a, const char *name,
                              struct span bytes)
{
    write_text(w, ",");
    write_plain_member(w, a, name, bytes);
}

/* "sha256:00ff..." */
static void write_file_digest(struct writer *w, const struct ima_entry *e)
{
    write_text(w, ",\"Digest\":\"");
    for (size_t i = 0; i < e->algorithm.n;
         i++) /* a word of the sender's: letters and digits only */
        if (is_word(e->algorithm.p[i]))
            write_u8(w, e->algorithm.p[i]);
    write_text(w, ":");
    hex_write(w, e->file_digest);
    write_text(w, "\"");
}

/* Buffers: the kernel's version, or a key for a keyring. */
static void write_buffer(struct job *j, const struct ima_entry *e)
{
    struct cert cert;

    if (span_is(e->name, "kernel_version")) {
        write_text_member(j->w, j->in->arena, "KernelVersion", e->buffer);
    } else if (span_starts(e->name, span_str("."))) {
        write_text_member(j->w, j->in->arena, "Keyring", e->name);
        if (cert_parse(e->buffer, &cert, NULL) && cert.subject_cn.n > 0)
            write_text_member(j->w, j->in->arena, "CertificateSubject", cert.subject_cn);
    }
}

static void write_entry_data(struct job *j, const struct ima_entry *e)
{
    struct arena *a = j->in->arena;

    write_text(j->w, "{");
    write_plain_member(j->w, a, "TemplateName", e->template_name);
    if (e->algorithm.n > 0) {
        write_text_member(j->w, a, "FileName", e->name);
        write_file_digest(j->w, e);
        write_buffer(j, e);
    } else {
        write_text(j->w, ",");
        write_b64_member(j->w, "RawData", e->data);
    }
    write_text(j->w, "}");
}

static bool write_entry(struct job *j, const struct ima_entry *e, size_t seq)
{
    uint8_t digest_p[PCR_SIZE_MAX];
    bool is_hashed = !e->is_violation;

    if (!ima_digest(j->in->crypto, j->in->bank, e, digest_p, j->err))
        return false;
    if (j->in->bank == BANK_SHA1 && !ima_is_hashed(j->in->crypto, e, &is_hashed, j->err))
        return false;
    write_head(j, seq, IMA_PCR);
    write_format(j->w, ",\"EventTypeString\":\"IMA_MEASUREMENT_EVENT\",\"Digests\":{\"%s\":\"",
                 banks[j->in->bank].name);
    hex_write(j->w, span_of(digest_p, banks[j->in->bank].size));
    write_format(j->w, "\"},\"DataHashed\":%s,\"ProcessedData\":%s", is_hashed ? "true" : "false",
                 is_hashed ? "" : "{},\"UnmeasuredData\":");
    write_entry_data(j, e);
    write_text(j->w, "}");
    return true;
}

static bool write_ima(struct job *j, const struct boot_log *log)
{
    if (!is_held(j, IMA_PCR))
        return true;
    for (size_t i = 0; i < log->ima.count; i++) {
        if (!write_entry(j, &log->ima.entries[i], log->first + i))
            return false;
        if (j->w->n > TPM_EVENTS_JSON_MAX)
            return err_fail(j->err, ERR_LIMIT, NULL, "the events are more than %d bytes of JSON",
                            TPM_EVENTS_JSON_MAX);
    }
    return true;
}

static bool write_tcg(struct job *j, const struct boot_log *log)
{
    for (size_t i = 0; i < log->tcg.count; i++)
        if (!write_event(j, log, &log->tcg.events[i], log->first + i))
            return false;
    return true;
}

bool events_json_write(const struct events_json_in *in, struct writer *w, struct err *err)
{
    struct job j = { in, w, err, 0 };

    write_text(w, "{\"Events\":[");
    for (size_t i = 0; i < in->boot->count; i++) {
        const struct boot_log *log = &in->boot->logs[i];

        if (log->is_ima ? !write_ima(&j, log) : !write_tcg(&j, log))
            return false;
    }
    write_text(w, "]}");
    if (w->has_failed)
        return arena_fail(in->arena, err);
    return true;
}

/* ---------------------------------------------------------------- PCRs */

static bool is_quoted(const struct pcr_set *set, uint32_t pcr)
{
    for (unsigned b = 0; b < BANK_COUNT; b++)
        if (set->values[b][pcr].n > 0)
            return true;
    return false;
}

static void write_pcr(struct writer *w, const struct pcr_set *set, uint32_t pcr)
{
    const char *comma = "";

    write_format(w, "{\"Index\":%" PRIu32 ",\"Digests\":{", pcr);
    for (unsigned b = 0; b < BANK_COUNT; b++) {
        if (set->values[b][pcr].n == 0)
            continue;
        write_format(w, "%s\"%s\":\"", comma, banks[b].name);
        hex_write(w, set->values[b][pcr]);
        write_u8(w, '"');
        comma = ",";
    }
    write_text(w, "}}");
}

void pcrs_json_write(struct writer *w, const struct pcr_set *quoted)
{
    const char *comma = "";

    write_text(w, "{\"PCRs\":[");
    for (uint32_t pcr = 0; pcr < PCR_COUNT; pcr++) {
        if (!is_quoted(quoted, pcr))
            continue;
        write_text(w, comma);
        write_pcr(w, quoted, pcr);
        comma = ",";
    }
    write_text(w, "]}");
}
