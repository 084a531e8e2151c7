#include "report.h"

#include "../base/b64.h"

static void write_chain(struct writer *w, const struct report_header *h)
{
    write_text(w, ",\"x5c\":[");
    for (size_t i = 0; i < h->cert_count; i++) {
        write_text(w, i ? ",\"" : "\"");
        b64_write_std(w, h->certs[i]);
        write_u8(w, '"');
    }
    write_text(w, "]}");
}

static void write_thumbprint(struct writer *w, const struct report_header *h)
{
    write_text(w, ",\"x5t\":");
    json_write_string(w, h->kid);
    write_text(w, "}");
}

bool report_header_write(const struct report_header *h, struct arena *a, struct span *encoded,
                         struct err *err)
{
    struct writer jku = writer_in(a, h->issuer.n + 8), w = writer_in(a, 4096);
    struct span url = { 0 }, text = { 0 }, out;

    write_bytes(&jku, h->issuer);
    write_text(&jku, "/certs");
    if (!writer_done(&jku, &url, err))
        return false;
    write_format(&w, "{\"alg\":\"%s\",\"jku\":", sig_alg_name(h->alg));
    json_write_string(&w, url);
    write_text(&w, ",\"kid\":");
    json_write_string(&w, h->kid);
    write_text(&w, ",\"typ\":\"JWT\"");
    if (h->omits_chain)
        write_thumbprint(&w, h);
    else
        write_chain(&w, h);
    if (!writer_done(&w, &text, err))
        return false;
    out = b64_dup_url(a, text);
    if (!out.p)
        return arena_fail(a, err);
    *encoded = out;
    return true;
}

bool report_kid(struct crypto *c, struct span cert, struct arena *a, struct span *out,
                struct err *err)
{
    uint8_t hash[SHA1_SIZE];
    struct span kid;

    if (!digest(c, DIGEST_SHA1, &cert, 1, hash, err))
        return false;
    kid = b64_dup_url(a, span_of(hash, sizeof hash));
    if (!kid.p)
        return arena_fail(a, err);
    *out = kid;
    return true;
}
