#include "measuring.h"

#include <string.h>
#include <unistd.h>

#include "../base/hex.h"
#include "../keys/key_file.h"
#include "../keys/report_key.h"
#include "../token/report.h"
#include "log.h"
#include "page.h"
#include "spent.h"

enum { ANCHOR_WORDS_MAX = 16, CONTEXT_PAGE_COPIES = 256 };

static bool fail_many(struct err *err, enum config_id id, int most)
{
    return err_fail(err, ERR_LIMIT, NULL, "at most %d", most) || err_in(err, config_keys[id].name);
}

/* ---------------------------------------------------------------- from the configuration */

/* What a folder holds and cannot be read is named, and the rest is used. */
static void tell_notes(const struct tpm_anchor_list *list)
{
    for (size_t i = 0; i < list->note_count; i++)
        log_say(LOG_LEVEL_WARNING, "an anchor for TPMs is left out", "file", list->notes[i].path,
                "reason", list->notes[i].text, (const char *)NULL);
}

static bool load_anchors(struct measuring *m, const struct config *c, struct arena *a,
                         struct err *err)
{
    const char *words[ANCHOR_WORDS_MAX];
    size_t at = 0, n = 0;
    struct span word;

    while (config_list_next(c, CONFIG_TPM_ANCHORS, &at, &word)) {
        if (n == ANCHOR_WORDS_MAX)
            return fail_many(err, CONFIG_TPM_ANCHORS, ANCHOR_WORDS_MAX);
        words[n] = (const char *)arena_dup(a, word).p;
        if (!words[n++])
            return arena_fail(a, err);
    }
    if (!tpm_anchors_load(words, n, c->text[CONFIG_TPM_INTERMEDIATES], a, &m->anchors, err))
        return err_in(err, config_keys[CONFIG_TPM_ANCHORS].name);
    tell_notes(&m->anchors);
    tpm_anchors_apply(&m->anchors, &m->settings);
    return true;
}

static bool load_known_pcr0(struct measuring *m, const struct config *c, struct arena *a,
                            struct err *err)
{
    size_t at = 0, n = 0;
    struct span word;

    while (config_list_next(c, CONFIG_TPM_KNOWN_PCR0, &at, &word)) {
        if (n == KNOWN_PCR0_MAX)
            return fail_many(err, CONFIG_TPM_KNOWN_PCR0, KNOWN_PCR0_MAX);
        if (!hex_read_dup(a, word, &m->known_pcr0[n++], err))
            return err_in(err, config_keys[CONFIG_TPM_KNOWN_PCR0].name);
    }
    m->settings.known_pcr0 = m->known_pcr0;
    m->settings.known_pcr0_count = n;
    return true;
}

static bool load_retired_chain(struct measuring *m, struct crypto *crypto, const char *path,
                               struct arena *a, struct err *err)
{
    struct attest_key *k = &m->retired[m->retired_count];
    struct span certs[REPORT_CERTS_MAX];
    size_t n = 0;

    if (!cert_file_read(path, REPORT_CERTS_MAX, a, certs, &n, err) ||
        !report_kid(crypto, certs[0], a, &k->kid, err))
        return false;
    k->alg = SIG_RS256;
    k->kty = "RSA";
    k->is_report = true;
    k->cert = certs[0];
    k->issuer_count = n - 1;
    memcpy(k->issuers, certs + 1, k->issuer_count * sizeof *certs);
    m->retired_count++;
    return true;
}

static bool load_retired(struct measuring *m, const struct config *c, struct crypto *crypto,
                         struct arena *a, struct err *err)
{
    enum config_id id = CONFIG_REPORT_RETIRED;
    struct span word;
    size_t at = 0;

    while (config_list_next(c, id, &at, &word)) {
        const char *path = (const char *)arena_dup(a, word).p;

        if (m->retired_count == RETIRED_CHAINS_MAX)
            return fail_many(err, id, RETIRED_CHAINS_MAX);
        if (!path)
            return arena_fail(a, err);
        if (!load_retired_chain(m, crypto, path, a, err))
            return err_in(err, config_keys[id].name);
    }
    return true;
}

bool measuring_load(struct measuring *m, const struct config *c, struct crypto *crypto,
                    struct arena *a, struct err *err)
{
    static const enum sha1_rule rules[] = { SHA1_BY_FORM, SHA1_ALLOWED, SHA1_REFUSED };

    m->settings.sha1_signatures = rules[c->number[CONFIG_TPM_SHA1_SIGNATURES]];
    m->settings.refuses_sha1_bank = c->number[CONFIG_TPM_SHA1_BANK] != 0;
    m->settings.without_own_claims = c->number[CONFIG_TPM_OWN_CLAIMS] != 0;
    m->settings.skips_unknown_variable_data = c->number[CONFIG_VBS_UNKNOWN_DATA] != 0;
    return load_anchors(m, c, a, err) && load_known_pcr0(m, c, a, err) &&
           load_retired(m, c, crypto, a, err);
}

/* ---------------------------------------------------------------- shared with others */

/* Our copy follows the page. */
static void read_page(struct measuring *m)
{
    struct arena a = arena_over(CONTEXT_PAGE_COPIES * CONTEXT_IMAGE_MAX);
    struct context_image image;
    struct span bytes = { 0 };
    struct err e = { 0 };

    if (page_read(m->page, CONTEXT_IMAGE_MAX, &a, &bytes, &m->turn)) {
        if (context_image_parse(bytes, &image, &e))
            m->keys = image;
        else
            log_err(LOG_LEVEL_ERROR, "the keys of contexts cannot be read", &e);
        explicit_bzero((void *)(uintptr_t)bytes.p, bytes.n);
    }
    arena_fini(&a);
}

static bool keys_of(void *context, const uint8_t (**out)[AEAD_KEY_SIZE], size_t *count)
{
    struct measuring *m = context;

    if (page_turn(m->page) != m->turn)
        read_page(m);
    *out = (const uint8_t(*)[AEAD_KEY_SIZE])m->keys.keys;
    *count = m->keys.count;
    return m->keys.count > 0;
}

bool measuring_connect(struct measuring *m, const struct config *c, int keys_fd, int spent_fd,
                       struct err *err)
{
    m->page = page_map(keys_fd, CONTEXT_IMAGE_MAX, false, err);
    close(keys_fd);
    m->api = (struct api_tpm){ .keys = keys_of,
                               .context = m,
                               .lifetime = c->number[CONFIG_TPM_CHALLENGE_SECONDS] };
    if (m->page && c->number[CONFIG_TPM_REPLAY_MEMORY] != 0) {
        m->table = spent_map(spent_fd, m->api.lifetime, err);
        m->spent = (struct tpm_spent){ m->table, spent_holds, spent_add };
        m->api.spent = &m->spent;
    }
    close(spent_fd);
    return m->page && (m->table || !m->api.spent);
}
