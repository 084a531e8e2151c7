/* Publishing keys: their ids and the set. */
#include "../base/b64.h"
#include "../format/pem.h"
#include "jwt.h"

bool jwk_kid(struct crypto *c, struct span spki, struct arena *a, struct span *out, struct err *err)
{
    struct writer w = writer_in(a, spki.n * 2 + 128);
    uint8_t hash[SHA256_SIZE];
    struct span text = { 0 }, kid;

    pem_write(&w, "PUBLIC KEY", spki);
    write_u8(&w, 0); /* the service hashes a C string whole */
    if (!writer_done(&w, &text, err) || !digest_sha256(c, text, hash, err))
        return false;
    kid = b64_dup_std(a, span_of(hash, sizeof hash));
    if (!kid.p)
        return arena_fail(a, err);
    *out = kid;
    return true;
}

static void write_certs(struct writer *w, const struct jwk_entry *e)
{
    for (size_t i = 0; i < e->cert_count; i++) {
        write_text(w, i == 0 ? "\"" : ",\"");
        b64_write_std(w, e->certs[i]);
        write_u8(w, '"');
    }
}

bool jwks_write(const struct jwk_entry *entries, size_t count, struct arena *a, struct span *out,
                struct err *err)
{
    struct writer w = writer_in(a, 4096);

    write_text(&w, "{\"keys\":[");
    for (size_t i = 0; i < count; i++) {
        write_text(&w, i == 0 ? "{\"x5c\":[" : ",{\"x5c\":[");
        write_certs(&w, &entries[i]);
        write_text(&w, "],\"kid\":");
        json_write_string(&w, entries[i].kid);
        write_text(&w, ",\"kty\":");
        json_write_string(&w, span_str(entries[i].kty));
        write_u8(&w, '}');
    }
    write_text(&w, "]}");
    return writer_done(&w, out, err);
}
