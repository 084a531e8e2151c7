#include "inspect.h"

#include "../base/hex.h"
#include "../base/utf8.h"
#include "../base/when.h"
#include "../evidence/dcap/oe.h"
#include "../evidence/dcap/quote.h"
#include "../evidence/tpm/eventlog.h"
#include "../format/json.h"
#include "../format/pem.h"
#include "../host/file.h"
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void add(struct inspection *i, const char *path, struct span bytes, struct span value)
{
    struct inspect_field *f;
    bool is_inside = bytes.p && bytes.p >= i->file.p && bytes.p <= i->file.p + i->file.n;

    if (i->count == INSPECT_FIELDS_MAX) {
        i->left_out++;
        return;
    }
    f = &i->fields[i->count++];
    f->path = (const char *)arena_dup(i->arena, span_str(path)).p;
    f->offset = is_inside ? (size_t)(bytes.p - i->file.p) : ERR_NO_OFFSET;
    f->length = bytes.n;
    f->value = arena_dup(i->arena, value);
    if (!f->path || !f->value.p)
        i->count--;
}

void inspect_hex(struct inspection *i, const char *path, struct span bytes)
{
    add(i, path, bytes, hex_dup(i->arena, bytes));
}

void inspect_number(struct inspection *i, const char *path, struct span bytes, uint64_t v,
                    const char *meaning)
{
    char text[96];

    snprintf(text, sizeof text, "%" PRIu64 "%s%s%s", v, meaning ? " (" : "", meaning ? meaning : "",
             meaning ? ")" : "");
    add(i, path, bytes, span_str(text));
}

void inspect_text(struct inspection *i, const char *path, struct span text)
{
    char *shown = arena_alloc(i->arena, text.n + 1, 1);

    if (shown)
        add(i, path, text, span_str(utf8_show(text, shown, text.n + 1)));
}

void inspect_said(struct inspection *i, const char *path, struct span bytes, struct span value)
{
    add(i, path, bytes, value);
}

void inspect_time(struct inspection *i, const char *path, int64_t t)
{
    char buf[WHEN_TEXT];

    add(i, path, (struct span){ 0 }, span_str(when_str(t, buf)));
}

static bool inspect_pem(struct inspection *i, struct err *err)
{
    struct pem_block blocks[16];
    size_t count = 0;
    char path[24];

    if (!pem_parse(i->file, "CERTIFICATE", true, COUNT(blocks), i->arena, blocks, &count, err))
        return false;
    i->kind = "certificates in PEM";
    for (size_t k = 0; k < count; k++) {
        snprintf(path, sizeof path, "certificate%zu", k);
        if (!inspect_cert(i, path, blocks[k].der, err))
            return false;
    }
    return true;
}

static bool inspect_der(struct inspection *i, struct err *err)
{
    struct err first = { 0 };

    i->kind = "certificate in DER";
    if (inspect_cert(i, "certificate", i->file, &first))
        return true;
    i->count = 0;
    i->kind = "revocation list";
    if (inspect_crl(i, i->file, err))
        return true;
    *err = first;
    return false;
}

static bool inspect_json(struct inspection *i, struct err *err)
{
    const struct json *root = NULL;

    if (!json_parse(i->file, &json_limits_default, i->arena, &root, err))
        return false;
    if (json_member(root, "tcbInfo")) {
        i->kind = "TCB info";
        return inspect_tcb_info(i, i->file, err);
    }
    if (json_member(root, "enclaveIdentity")) {
        i->kind = "enclave identity";
        return inspect_qe_identity(i, i->file, err);
    }
    return err_fail(err, ERR_UNSUPPORTED, NULL,
                    "this JSON is neither TCB info nor an enclave identity");
}

static bool inspect_as(struct inspection *i, const char *type, struct err *err)
{
    if (strcmp(type, "sgx") == 0) {
        i->kind = "sgx quote";
        return inspect_quote(i, i->file, err);
    }
    if (strcmp(type, "oe") == 0)
        return inspect_oe(i, i->file, err);
    if (strcmp(type, "log") == 0)
        return inspect_log(i, i->file, err);
    if (strcmp(type, "ima") == 0)
        return inspect_ima(i, i->file, err);
    return err_fail(err, ERR_UNSUPPORTED, NULL,
                    "--type %.40s cannot be inspected by this build; sgx, oe, log and ima can",
                    type);
}

static bool is_oe(struct span s)
{
    return oe_report_looks_like(s) || oe_evidence_looks_like(s);
}

bool inspect(struct inspection *i, const char *type, struct err *err)
{
    struct span trimmed = span_trim(i->file);

    if (type)
        return inspect_as(i, type, err);
    if (quote_looks_like(i->file))
        return inspect_as(i, "sgx", err);
    if (is_oe(i->file))
        return inspect_as(i, "oe", err);
    if (span_starts(trimmed, span_str("-----BEGIN X509 CRL")))
        return inspect_der(i, err);
    if (span_starts(trimmed, span_str("-----BEGIN")))
        return inspect_pem(i, err);
    if (span_starts(trimmed, span_str("{")))
        return inspect_json(i, err);
    if (span_starts(trimmed, span_str("eyJ"))) {
        i->kind = "token";
        return inspect_token(i, trimmed, err);
    }
    if (i->file.n > 0 && i->file.p[0] == 0x30)
        return inspect_der(i, err);
    if (inspect_looks_like_ima(i->file))
        return inspect_ima(i, i->file, err);
    if (eventlog_looks_like(i->file))
        return inspect_log(i, i->file, err);
    return err_fail(err, ERR_UNSUPPORTED, NULL,
                    "this is no quote, Open Enclave report, certificate, revocation list, TCB "
                    "info, enclave identity, token, event log or IMA list");
}

static void write_field_json(struct writer *w, const struct inspect_field *f)
{
    write_text(w, "{\"path\":");
    json_write_string(w, span_str(f->path));
    if (f->offset == ERR_NO_OFFSET)
        write_text(w, ",\"offset\":null");
    else
        write_format(w, ",\"offset\":%zu,\"length\":%zu", f->offset, f->length);
    write_text(w, ",\"value\":");
    json_write_string(w, f->value);
    write_u8(w, '}');
}

static void write_json(struct writer *w, const struct inspection *i, const struct err *err)
{
    write_text(w, "{\"kind\":");
    json_write_string(w, span_str(i->kind ? i->kind : "unknown"));
    write_text(w, ",\"error\":");
    if (err->code != ERR_NONE) {
        write_format(w, "{\"code\":\"%s\",\"path\":", err_code_name(err->code));
        json_write_string(w, span_str(err->path));
        write_text(w, ",\"text\":");
        json_write_string(w, span_str(err->text));
        write_u8(w, '}');
    } else {
        write_text(w, "null");
    }
    write_text(w, ",\"fields\":[");
    for (size_t k = 0; k < i->count; k++) {
        write_text(w, k ? "," : "");
        write_field_json(w, &i->fields[k]);
    }
    write_text(w, "]}\n");
}

static void write_plain(struct cli *c, struct writer *w, const struct inspection *i)
{
    write_format(w, "%s%s%s, %zu bytes\n", cli_color(c, "\033[1m"), i->kind ? i->kind : "unknown",
                 cli_color(c, "\033[0m"), i->file.n);
    for (size_t k = 0; k < i->count; k++) {
        const struct inspect_field *f = &i->fields[k];

        if (f->offset == ERR_NO_OFFSET)
            write_format(w, "       -        ");
        else
            write_format(w, "%8zu %6zu ", f->offset, f->length);
        write_format(w, "%-36s ", f->path);
        write_bytes(w, f->value);
        write_text(w, "\n");
    }
    if (i->left_out)
        write_format(w, "%zu more fields are not shown\n", i->left_out);
}

static const struct option_def options[] = {
    { "type", OPTION_VALUE, "KIND", "sgx, oe, log or ima; default: recognised by its bytes" },
    { "json", OPTION_FLAG, NULL, "print one JSON object" },
};

static int run(struct cli *c)
{
    struct inspection *i = ARENA_NEW(&c->arena, struct inspection);
    struct writer w = writer_in(&c->arena, 64 * 1024);
    struct err err = { 0 }, ignored = { 0 };
    struct span text = { 0 };

    if (!i)
        return cli_fail(c, EXIT_OURS, "out of memory");
    i->arena = &c->arena;
    if (!file_read(c->arguments[0], CLI_FILE_MAX, &c->arena, &i->file, &err))
        return cli_fail_err(c, &err);
    (void)!inspect(i, cli_option(c, "type"), &err);
    if (cli_flag(c, "json"))
        write_json(&w, i, &err);
    else
        write_plain(c, &w, i);
    if (!writer_done(&w, &text, &ignored))
        return cli_fail_err(c, &ignored);
    cli_print(text);
    if (err.code == ERR_NONE)
        return EXIT_OK;
    return cli_fail(c, EXIT_REFUSED, "%s%s%s", err.path, err.path[0] ? ": " : "", err.text);
}

const struct verb verb_evidence_inspect = {
    .words = "evidence inspect",
    .summary = "show what lies in a file, field by field; verifies nothing",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .options = options,
    .option_count = COUNT(options),
    .details = "Reads quotes, Open Enclave reports and evidence, certificates, revocation lists, "
               "TCB info, enclave\n"
               "identities, tokens, and TCG and IMA logs (a boot, PCR by PCR). Columns: offset, "
               "length, field,\n"
               "value.\n"
               "Exit status: 0 read to the end, 2 malformed (what was read until then is shown), "
               "64 usage.",
    .examples = "  cupel evidence inspect quote.bin\n  cupel evidence inspect --json report.bin | "
                "jq .fields",
    .run = run,
};
