#include "story.h"

#include "../../base/hex.h"
#include "../../base/utf8.h"
#include "../../crypto/cert.h"
#include "order.h"
#include "utf16.h"
#include "variable.h"

#include <inttypes.h>
#include <stdio.h>

enum { SHOWN_MAX = 160, RECORDS_SHOWN_MAX = 12, PARTITIONS_SHOWN_MAX = 8, BYTES_SHOWN_MAX = 24 };

static const char *const pcr_uses[PCR_COUNT] = {
    [0] = "firmware code",
    [1] = "firmware configuration",
    [2] = "option ROMs",
    [3] = "option ROM configuration",
    [4] = "boot programs",
    [5] = "boot program configuration, partitions",
    [6] = "vendor's own",
    [7] = "Secure Boot policy",
    [8] = "boot loader commands",
    [9] = "boot loader files",
    [10] = "files measured by IMA",
    [11] = "Windows: access control; Linux: unified image",
    [12] = "Windows: boot events; Linux: kernel options",
    [13] = "Windows: modules and policies",
    [14] = "Windows: authorities; Linux: keys of shim",
    [15] = "operating system",
    [16] = "debugging",
    [17] = "launch: code",
    [18] = "launch: authorities",
    [19] = "launch: operating system",
    [20] = "launch: operating system",
    [21] = "launch: operating system",
    [22] = "launch: operating system",
    [23] = "applications",
};

const char *story_pcr(uint32_t pcr)
{
    return pcr < PCR_COUNT ? pcr_uses[pcr] : "no such PCR";
}

/* Outside text, printable and not too long. */
static void show(struct writer *w, struct span text)
{
    char buf[SHOWN_MAX];

    write_text(w, utf8_show(text, buf, sizeof buf));
}

static void show_utf16(struct writer *w, struct arena *a, struct span units)
{
    show(w, utf16_dup(a, utf16_trim(span_part(units, 0, 2 * SHOWN_MAX))));
}

static void show_bytes(struct writer *w, struct span bytes)
{
    hex_write(w, span_part(bytes, 0, BYTES_SHOWN_MAX));
    if (bytes.n > BYTES_SHOWN_MAX)
        write_format(w, ".. (%zu bytes)", bytes.n);
}

/* ---------------------------------------------------------------- variables */

struct database {
    size_t certificates, hashes, others;
};

static bool count_signature(void *arg, const struct efi_signature *s)
{
    struct database *d = arg;

    d->certificates += s->kind == SIGNATURE_X509;
    d->hashes += s->kind == SIGNATURE_SHA256;
    d->others += s->kind == SIGNATURE_OTHER;
    return true;
}

static bool is_database(const struct uefi_variable *v)
{
    return utf16_is(v->name, "PK") || utf16_is(v->name, "KEK") || utf16_is(v->name, "db") ||
           utf16_is(v->name, "dbx") || utf16_is(v->name, "dbt") || utf16_is(v->name, "dbr");
}

static void tell_database(struct writer *w, struct span data)
{
    struct database d = { 0 };

    if (data.n == 0)
        write_text(w, " is empty");
    else if (!signature_lists_read(data, count_signature, &d, NULL))
        write_format(w, " is no signature database (%zu bytes)", data.n);
    else
        write_format(w, ": %zu certificates, %zu hashes, %zu others", d.certificates, d.hashes,
                     d.others);
}

static void tell_variable(struct writer *w, struct arena *a, const struct tpm_event *e)
{
    struct uefi_variable v;

    if (!variable_parse(e->content, &v, NULL)) {
        write_format(w, "no variable, %zu bytes", e->data.n);
        return;
    }
    show_utf16(w, a, v.name);
    if (variable_is(&v, guid_global, "SecureBoot") && v.data.n == 1) {
        write_format(w, " is %s", v.data.p[0] == 1 ? "on" : "off");
    } else if (is_database(&v)) {
        tell_database(w, v.data);
    } else {
        write_text(w, " = ");
        show_bytes(w, v.data);
    }
}

static void tell_authority(struct writer *w, struct arena *a, const struct tpm_event *e)
{
    struct uefi_variable v;
    struct efi_signature s;
    struct cert cert;

    if (!variable_parse(e->content, &v, NULL)) {
        tell_variable(w, a, e);
        return;
    }
    show_utf16(w, a, v.name);
    if (authority_parse(v.data, &s) && s.kind == SIGNATURE_X509 &&
        cert_parse(s.data, &cert, NULL)) {
        write_text(w, " vouched by certificate ");
        show(w, cert.subject_cn);
    } else {
        write_format(w, " vouched, %zu bytes", v.data.n);
    }
}

/* ---------------------------------------------------------------- programs, partitions, text */

static void tell_image(struct writer *w, struct arena *a, const struct tpm_event *e)
{
    struct image_load image;
    struct writer path = writer_in(a, 256);

    if (!image_load_parse(e->content, &image, NULL)) {
        write_format(w, "%zu bytes", e->data.n);
        return;
    }
    (void)!device_path_write(&path, image.device_path, NULL);
    if (path.n == 0)
        write_text(w, "from memory");
    else
        show(w, writer_span(&path));
    write_format(w, ", %" PRIu64 " bytes", image.length);
}

static void tell_gpt(struct writer *w, struct arena *a, const struct tpm_event *e)
{
    struct gpt g;

    if (!gpt_parse(e->content, &g, NULL)) {
        write_format(w, "%zu bytes", e->data.n);
        return;
    }
    write_text(w, "disk ");
    guid_write(w, g.disk);
    write_format(w, ", %" PRIu64 " partitions", g.count);
    for (size_t i = 0; i < g.count && i < PARTITIONS_SHOWN_MAX; i++) {
        struct gpt_partition p = gpt_partition_at(&g, i);
        size_t n = 0;

        while (n < p.name.n && (p.name.p[n] || p.name.p[n + 1]))
            n += 2;
        write_text(w, i ? ", " : ": ");
        show_utf16(w, a, span_part(p.name, 0, n));
    }
}

static void tell_text(struct writer *w, struct arena *a, struct span data)
{
    bool is_wide = data.n >= 2 && data.n % 2 == 0 && data.p[1] == 0;

    if (is_wide)
        show_utf16(w, a, data);
    else
        show(w, data.n > 0 && data.p[data.n - 1] == 0 ? span_part(data, 0, data.n - 1) : data);
}

/* ---------------------------------------------------------------- Windows records */

struct telling {
    struct writer *w;
    struct arena *arena;
    size_t told, modules, left_out;
};

static void tell_record(struct telling *t, const struct sipa *record, const struct sipa_def *def)
{
    char buf[SIPA_WORD_TEXT];
    uint64_t v = 0;

    write_format(t->w, "%s%s", t->told++ ? ", " : "", def->name);
    if (def->form == SIPA_RAW)
        return;
    write_text(t->w, " ");
    if (def->form == SIPA_TEXT)
        show_utf16(t->w, t->arena, record->payload);
    else if (!sipa_number(record, &v))
        write_text(t->w, "?");
    else if (def->form == SIPA_BOOL && v <= 1)
        write_text(t->w, v ? "on" : "off");
    else if (def->form == SIPA_VALUE)
        write_text(t->w, sipa_word(def, v, buf));
    else
        write_format(t->w, "%" PRIu64, v);
}

static void tell_level(struct telling *t, const struct sipa *first)
{
    for (const struct sipa *s = first; s; s = s->next) {
        const struct sipa_def *def = sipa_def_find(s->id);

        if (s->id == SIPA_LOADEDMODULE_AGGREGATION)
            t->modules++;
        else if (s->child)
            tell_level(t, s->child);
        else if (def && t->told < RECORDS_SHOWN_MAX)
            tell_record(t, s, def);
        else
            t->left_out++;
    }
}

static void tell_records(struct writer *w, struct arena *a, const struct tpm_event *e)
{
    struct telling t = { w, a, 0, 0, 0 };

    tell_level(&t, e->records);
    if (t.modules)
        write_format(w, "%s%zu modules", t.told++ ? ", " : "", t.modules);
    if (t.left_out)
        write_format(w, "%s%zu more records", t.told ? ", " : "", t.left_out);
}

/* ---------------------------------------------------------------- sentences */

/* Notes begin with what they are; the locality is a byte behind its name. */
static void tell_note(struct writer *w, struct span data)
{
    size_t n = 0;

    while (n < data.n && data.p[n] >= 0x20 && data.p[n] < 0x7F)
        n++;
    if (n < 4 || n == data.n) {
        show_bytes(w, data);
        return;
    }
    show(w, span_part(data, 0, n));
    if (data.n == 17)
        write_format(w, " %u", data.p[16]);
}

static void tell_separator(struct writer *w, const struct tpm_event *e)
{
    if (separator_is_wbcl(e->data))
        write_text(w, "Windows' records end here");
    else if (separator_is_plain(e->data))
        write_text(w, "the firmware hands over");
    else
        show_bytes(w, e->data);
}

static void tell_shape(struct writer *w, struct arena *a, const struct tpm_event *e,
                       enum data_shape shape)
{
    if (e->type == EV_NO_ACTION)
        tell_note(w, e->data);
    else if (e->type == EV_EFI_VARIABLE_AUTHORITY)
        tell_authority(w, a, e);
    else if (shape == DATA_VARIABLE)
        tell_variable(w, a, e);
    else if (shape == DATA_IMAGE)
        tell_image(w, a, e);
    else if (shape == DATA_GPT)
        tell_gpt(w, a, e);
    else if (shape == DATA_TEXT)
        tell_text(w, a, e->content);
    else if (shape == DATA_SEPARATOR)
        tell_separator(w, e);
    else if (shape == DATA_TAGGED && e->records)
        tell_records(w, a, e);
    else
        show_bytes(w, e->content);
}

void story_event(struct writer *w, struct arena *a, const struct tpm_event *e)
{
    const struct event_type *type = event_type_find(e->type);

    write_format(w, "%s: ", type ? type->meaning : "unknown");
    tell_shape(w, a, e, type ? type->shape : DATA_RAW);
    if (e->measured == EVENT_DATA_LOOSE && e->type != EV_NO_ACTION)
        write_text(w, " [said, not measured]");
    else if (e->measured == EVENT_DATA_VALUE)
        write_text(w, " [value measured, name said]");
}

void story_ima(struct writer *w, struct arena *a, const struct ima_entry *e)
{
    (void)a;
    if (e->is_violation)
        write_text(w, "VIOLATION ");
    show(w, e->template_name);
    write_text(w, " ");
    show(w, e->name);
    if (e->algorithm.n == 0)
        return;
    write_text(w, " ");
    show(w, e->algorithm);
    write_text(w, ":");
    hex_write(w, span_part(e->file_digest, 0, SHA512_SIZE));
}
