#include "tpm_anchors.h"

#include "../crypto/cert.h"
#include "../crypto/crl.h"
#include "../format/json.h"
#include "../format/pem.h"
#include "../host/file.h"

#include <stdio.h>
#include <string.h>

enum { BLOCKS_MAX = 256, NOTES_MAX = 64 };

struct load {
    struct arena *a;
    struct tpm_anchor_list *out;
    bool is_lab;
};

/* ---------------------------------------------------------------- one thing */

static bool add_anchor(struct load *l, const struct cert *cert, struct err *err)
{
    struct tpm_anchor_list *o = l->out;
    const char *name = (const char *)arena_dup(l->a, cert->subject_cn).p;

    if (!name)
        return arena_fail(l->a, err);
    if (o->anchor_count == TPM_ANCHORS_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "at most %d anchors are held", TPM_ANCHORS_MAX);
    o->anchors[o->anchor_count++] = (struct tpm_anchor){
        .name = name[0] ? name : "an anchor without a name",
        .subject = cert->subject,
        .spki = cert->spki,
        .is_lab = l->is_lab,
        .needs_policy = span_equal(cert->spki, anchor_microsoft_tpm.spki),
    };
    return true;
}

static bool add_span(struct span *list, size_t *count, size_t most, struct span s, const char *what,
                     struct err *err)
{
    if (*count == most)
        return err_fail(err, ERR_LIMIT, NULL, "at most %zu %s are held", most, what);
    list[(*count)++] = s;
    return true;
}

typedef bool take_fn(struct load *l, struct span der, struct err *err);

static bool take_anchor(struct load *l, struct span der, struct err *err)
{
    struct cert cert;

    return cert_parse(der, &cert, err) && add_anchor(l, &cert, err);
}

static bool take_intermediate(struct load *l, struct span der, struct err *err)
{
    struct cert cert;

    return cert_parse(der, &cert, err) &&
           add_span(l->out->intermediates, &l->out->intermediate_count, TPM_INTERMEDIATES_MAX, der,
                    "intermediate certificates", err);
}

static bool take_crl(struct load *l, struct span bytes, struct err *err)
{
    struct crl crl;

    return crl_parse(bytes, l->a, &crl, err) &&
           add_span(l->out->crls, &l->out->crl_count, TPM_CRLS_MAX, bytes, "revocation lists", err);
}

/* ---------------------------------------------------------------- one file */

static bool is_pem(struct span bytes)
{
    return span_starts(span_trim(bytes), span_str("-----BEGIN"));
}

static bool take_certificates(struct load *l, struct span bytes, take_fn *take, struct err *err)
{
    struct pem_block *blocks;
    size_t count = 0;

    if (!is_pem(bytes))
        return take(l, bytes, err);
    blocks = ARENA_ARRAY(l->a, struct pem_block, BLOCKS_MAX);
    if (!blocks)
        return arena_fail(l->a, err);
    if (!pem_parse(bytes, "CERTIFICATE", true, BLOCKS_MAX, l->a, blocks, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        char place[24];

        snprintf(place, sizeof place, "[%zu]", i);
        if (!take(l, blocks[i].der, err))
            return err_in(err, place);
    }
    return true;
}

static bool take_file(struct load *l, const char *path, take_fn *take, struct err *err)
{
    struct span bytes = { 0 };

    if (!file_read(path, TPM_ANCHOR_FILE_MAX, l->a, &bytes, err))
        return false;
    return (take == take_crl ? take(l, bytes, err) : take_certificates(l, bytes, take, err)) ||
           err_in(err, path);
}

/* ---------------------------------------------------------------- folders */

static bool note(struct load *l, const char *path, const struct err *why, struct err *err)
{
    struct tpm_anchor_list *o = l->out;

    if (why->code == ERR_MEMORY || why->code == ERR_LIMIT) {
        *err = *why;
        return false;
    }
    if (o->note_count == NOTES_MAX)
        return true;
    o->notes[o->note_count].path = path;
    snprintf(o->notes[o->note_count++].text, sizeof o->notes[0].text, "%s", why->text);
    return true;
}

/* Every file of a folder whose name begins so ("" for all); a folder that is not there is empty. */
static bool take_folder(struct load *l, const char *dir, const char *begins, take_fn *take,
                        struct err *err)
{
    const char *const *names = NULL;
    size_t count = 0;

    if (!file_is_dir(dir))
        return true;
    if (!file_list(dir, l->a, &names, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *path = file_join(l->a, dir, names[i]);
        struct err why = { 0 };

        if (!path)
            return arena_fail(l->a, err);
        if (file_is_dir(path) || strncmp(names[i], begins, strlen(begins)) != 0)
            continue;
        if (!take_file(l, path, take, &why) && !note(l, path, &why, err))
            return false;
    }
    return true;
}

static bool take_pins(struct load *l, const char *path, struct err *err)
{
    const struct json *root = NULL;
    struct span text = { 0 };

    if (!file_read(path, TPM_ANCHOR_FILE_MAX, l->a, &text, err))
        return false;
    if (!json_parse(text, NULL, l->a, &root, err))
        return err_in(err, path);
    if (root->type != JSON_ARRAY)
        return err_fail(err, ERR_MALFORMED, NULL, "%.120s is no array of strings", path);
    for (const struct json *j = root->child; j; j = j->next)
        if (j->type != JSON_STRING)
            return err_fail(err, ERR_MALFORMED, NULL, "%.120s holds something but strings", path);
        else if (!add_span(l->out->pins, &l->out->pin_count, TPM_PINS_MAX, j->text, "pinned keys",
                           err))
            return false;
    return true;
}

static bool take_part(struct load *l, const char *dir, const char *part, take_fn *take,
                      struct err *err)
{
    const char *path = file_join(l->a, dir, part);

    return path ? take_folder(l, path, "", take, err) : arena_fail(l->a, err);
}

/* anchors/, intermediates/, crls/, pins.json */
static bool take_layout(struct load *l, const char *dir, struct err *err)
{
    const char *pins = file_join(l->a, dir, "pins.json");

    if (!pins)
        return arena_fail(l->a, err);
    return take_part(l, dir, "anchors", take_anchor, err) &&
           take_part(l, dir, "intermediates", take_intermediate, err) &&
           take_part(l, dir, "crls", take_crl, err) &&
           (!file_exists(pins) || take_pins(l, pins, err));
}

static bool take_dir(struct load *l, const char *dir, struct err *err)
{
    const char *inside = file_join(l->a, dir, "tpm/aik"), *root;
    const char *anchors = file_join(l->a, dir, "anchors");

    root = file_join(l->a, dir, "aik-root.pem");
    if (!inside || !anchors || !root)
        return arena_fail(l->a, err);
    if (file_is_dir(inside))
        return take_layout(l, inside, err);
    if (file_is_dir(anchors))
        return take_layout(l, dir, err);
    if (!file_exists(root))
        return err_fail(err, ERR_MISSING, NULL,
                        "%.100s holds no anchors: tpm/aik/anchors/, anchors/ or aik-root.pem", dir);
    return take_file(l, root, take_anchor, err) &&
           take_folder(l, dir, "aik-", take_intermediate, err);
}

/* ---------------------------------------------------------------- words */

static bool take_word(struct load *l, const char *word, struct err *err)
{
    const char *path = strncmp(word, "lab=", 4) == 0 ? word + 4 : word;

    l->is_lab = path != word;
    if (strcmp(word, "vendor") != 0)
        return file_is_dir(path) ? take_dir(l, path, err) : take_file(l, path, take_anchor, err);
    if (l->out->anchor_count == TPM_ANCHORS_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "at most %d anchors are held", TPM_ANCHORS_MAX);
    l->out->anchors[l->out->anchor_count++] = anchor_microsoft_tpm;
    return true;
}

static bool take_pool(struct load *l, const char *pool, struct err *err)
{
    return take_folder(l, pool, "", take_intermediate, err) &&
           take_part(l, pool, "intermediates", take_intermediate, err) &&
           take_part(l, pool, "crls", take_crl, err);
}

static bool make_room(struct load *l, struct err *err)
{
    struct tpm_anchor_list *o = l->out;

    o->anchors = ARENA_ARRAY(l->a, struct tpm_anchor, TPM_ANCHORS_MAX);
    o->intermediates = ARENA_ARRAY(l->a, struct span, TPM_INTERMEDIATES_MAX);
    o->crls = ARENA_ARRAY(l->a, struct span, TPM_CRLS_MAX);
    o->pins = ARENA_ARRAY(l->a, struct span, TPM_PINS_MAX);
    o->notes = ARENA_ARRAY(l->a, struct tpm_anchor_note, NOTES_MAX);
    return (o->anchors && o->intermediates && o->crls && o->pins && o->notes) ||
           arena_fail(l->a, err);
}

bool tpm_anchors_load(const char *const *words, size_t count, const char *pool, struct arena *a,
                      struct tpm_anchor_list *out, struct err *err)
{
    static const char *const vendor_only[] = { "vendor" };
    struct tpm_anchor_list list = { 0 };
    struct load l = { .a = a, .out = &list };

    if (!make_room(&l, err))
        return false;
    if (count == 0) {
        words = vendor_only;
        count = 1;
    }
    for (size_t i = 0; i < count; i++)
        if (!take_word(&l, words[i], err))
            return false;
    if (pool && !take_pool(&l, pool, err))
        return false;
    *out = list;
    return true;
}

void tpm_anchors_apply(const struct tpm_anchor_list *list, struct tpm_settings *s)
{
    s->anchors = list->anchors;
    s->anchor_count = list->anchor_count;
    s->intermediates = list->intermediates;
    s->intermediate_count = list->intermediate_count;
    s->crls = list->crls;
    s->crl_count = list->crl_count;
    s->pins = list->pins;
    s->pin_count = list->pin_count;
}
