/*
 * A machine of the lab as a folder of files. The one file of the lab that touches a disk.
 */
#include "lab_in.h"
#include "tpm.h"

#include "../src/base/when.h"
#include "../src/evidence/exhibit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEMORY = 256 * 1024 * 1024, PATH_ROOM = 4096 };

/* A path into the folder, and the bytes to lie there. */
struct file {
    const char *name;
    struct span bytes;
};

static bool fail_io(struct err *err, const char *doing, const char *path)
{
    return err_fail(err, ERR_IO, NULL, "cannot %s %.100s: %s", doing, path, strerror(errno));
}

static bool folder_make(const char *path, struct err *err)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST || fail_io(err, "make folder", path);
}

static bool path_join(char out[PATH_ROOM], const char *dir, const char *name, struct err *err)
{
    int n = snprintf(out, PATH_ROOM, "%s/%s", dir, name);

    if (n < 0 || n >= PATH_ROOM)
        return err_fail(err, ERR_LIMIT, NULL, "a path has at most %d characters", PATH_ROOM - 1);
    return true;
}

/* Makes the folder and those above it. */
static bool folders_make(const char *path, struct err *err)
{
    char part[PATH_ROOM];

    for (size_t i = 1; path[i]; i++)
        if (path[i] == '/') {
            if (i >= PATH_ROOM)
                return err_fail(err, ERR_LIMIT, NULL, "a path has at most %d characters",
                                PATH_ROOM - 1);
            memcpy(part, path, i);
            part[i] = '\0';
            if (!folder_make(part, err))
                return false;
        }
    return folder_make(path, err);
}

static bool write_all(int fd, struct span s)
{
    while (s.n > 0) {
        ssize_t n = write(fd, s.p, s.n);

        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            s = span_part(s, (size_t)n, s.n - (size_t)n);
    }
    return true;
}

static bool file_write(const char *dir, const struct file *f, struct err *err)
{
    char path[PATH_ROOM];
    int fd;
    bool ok;

    if (!path_join(path, dir, f->name, err))
        return false;
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return fail_io(err, "open", path);
    ok = write_all(fd, f->bytes);
    if (close(fd) != 0 || !ok)
        return fail_io(err, "write", path);
    return true;
}

static bool files_write(const char *dir, const struct file *files, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (!file_write(dir, &files[i], err))
            return false;
    return true;
}

static bool subfolder_make(const char *dir, const char *name, struct err *err)
{
    char path[PATH_ROOM];

    return path_join(path, dir, name, err) && folder_make(path, err);
}

static bool write_set(const char *dir, const struct lab_sgx_set *s, struct err *err)
{
    const struct file files[] = {
        { "collateral/tcb_info.json", s->tcb_info },
        { "collateral/tcb_info_issuer_chain.pem", s->tcb_chain },
        { "collateral/qe_identity.json", s->qe_identity },
        { "collateral/qe_identity_issuer_chain.pem", s->qe_chain },
        { "collateral/pck_crl.der", s->pck_crl },
        { "collateral/pck_crl_issuer_chain.pem", s->crl_chain },
        { "collateral/root_ca_crl.der", s->root_crl },
        { "roots/root.pem", s->root_pem },
        { "runtime.bin", s->runtime },
    };
    struct lab_artifact artifacts[LAB_SGX_ARTIFACTS];

    lab_sgx_artifacts(s, artifacts);
    for (size_t i = 0; i < COUNT(artifacts); i++) {
        struct file f = { artifacts[i].name, artifacts[i].bytes };

        if (!file_write(dir, &f, err))
            return false;
    }
    return subfolder_make(dir, "collateral", err) && subfolder_make(dir, "roots", err) &&
           files_write(dir, files, COUNT(files), err);
}

static bool write_oe(const char *dir, const struct lab_sgx_set *s, struct arena *a, struct err *err)
{
    struct span report = lab_oe_report(a, s->quote);
    const struct file files[] = {
        { "oe_report.bin", report },
        { "oe_evidence.bin", lab_oe_evidence(a, lab_oe_uuid_report, report) },
    };

    for (size_t i = 0; i < COUNT(files); i++)
        if (!files[i].bytes.p)
            return arena_fail(a, err);
    return files_write(dir, files, COUNT(files), err);
}

/* Only the root's key: with it one makes more certificates that this lab's verifiers accept. */
static bool write_root_key(const char *dir, uint64_t seed, struct arena *a, struct err *err)
{
    struct lab_key key;
    struct file f = { .name = "roots/root.key.pem" };

    if (!lab_key_of(seed, "root", &key, err))
        return false;
    f.bytes = lab_key_pem(a, &key);
    if (!f.bytes.p)
        return arena_fail(a, err);
    return file_write(dir, &f, err);
}

static bool write_readme(const char *dir, const struct lab_make_options *o,
                         const struct lab_scenario *row, struct arena *a, struct err *err)
{
    char judged[WHEN_TEXT];
    const char *at = when_str(o->at ? o->at : LAB_NOW, judged);
    bool is_oe = strcmp(o->kind, "oe") == 0;
    struct writer w = writer_in(a, 1024);
    struct file f = { .name = "README.txt" };

    write_text(&w, "Lab evidence. Nobody's machine: every key here is derived from a public text,\n"
                   "and no verifier accepts it unless it was told to by name.\n\n");
    write_format(&w, "kind       %s\nscenario   %s\nseed       %llu\n", o->kind, row->name,
                 (unsigned long long)o->seed);
    write_text(&w, "changes    "); /* of any length, so not through a format */
    write_text(&w, row->changes);
    write_text(&w, *row->changes && o->changes ? ";" : "");
    write_text(&w, o->changes ? o->changes : "");
    write_text(&w, "\n");
    write_format(&w, "judged at  %s\n", at);
    if (!o->changes)
        write_format(&w, "expected   %s\n", row->status ? row->status : row->reason);
    write_format(&w,
                 "\n  cupel appraise --type %s --evidence %s --collateral collateral"
                 " --roots lab=. \\\n"
                 "      --at %s --runtime-data runtime.bin --policy none\n",
                 is_oe ? "oe" : "sgx", is_oe ? "oe_report.bin" : "quote.bin", at);
    return writer_done(&w, &f.bytes, err) && file_write(dir, &f, err);
}

/* The same as README.txt for programs: what the evidence is to be judged with. */
static bool write_note(const char *dir, const struct lab_make_options *o, struct arena *a,
                       struct err *err)
{
    bool is_oe = strcmp(o->kind, "oe") == 0;
    const struct exhibit x = {
        .kind = is_oe ? EVIDENCE_OE : EVIDENCE_SGX,
        .evidence = is_oe ? "oe_report.bin" : "quote.bin",
        .collateral = "collateral",
        .roots = { "lab=." },
        .root_count = 1,
        .has_time = true,
        .at = o->at ? o->at : LAB_NOW,
        .runtime_data = "runtime.bin",
        .runtime_type = DATA_BINARY,
    };
    struct writer w = writer_in(a, 512);
    struct file f = { .name = "evidence.json" };

    exhibit_write(&w, &x);
    return writer_done(&w, &f.bytes, err) && file_write(dir, &f, err);
}

/* ---------------------------------------------------------------- measured boots */

static bool is_measured(const char *kind)
{
    return strcmp(kind, "tpm") == 0 || strcmp(kind, "vbs") == 0;
}

/* The layout in which anchors are configured; the lab's own name it as `--roots lab=DIR`. */
static bool write_anchors(const char *dir, const struct lab_tpm_set *s, bool has_pin,
                          struct arena *a, struct err *err)
{
    static const char *const folders[] = { "tpm", "tpm/aik", "tpm/aik/anchors",
                                           "tpm/aik/intermediates", "tpm/aik/crls" };
    struct writer pins = writer_in(a, 80);
    const struct file files[] = {
        { "tpm/aik/anchors/root.pem", s->root_pem },
        { "tpm/aik/intermediates/aik-ca.pem", s->issuing_pem },
        { "tpm/aik/crls/aik-ca.crl", s->crl },
        { "tpm/aik/pins.json", { 0 } },
    };

    for (size_t i = 0; i < COUNT(folders); i++)
        if (!subfolder_make(dir, folders[i], err))
            return false;
    write_text(&pins, "[\"");
    write_bytes(&pins, s->aik_pub_hash);
    write_text(&pins, "\"]\n");
    for (size_t i = 0; i < COUNT(files); i++) {
        bool is_pins = i + 1 == COUNT(files);
        struct file f = { files[i].name, is_pins ? writer_span(&pins) : files[i].bytes };

        if ((is_pins ? has_pin : f.bytes.n > 0) && !file_write(dir, &f, err))
            return false;
    }
    return true;
}

static bool write_artifacts(const char *dir, const struct lab_tpm_set *s, struct err *err)
{
    struct lab_artifact list[LAB_TPM_ARTIFACTS];
    size_t count = lab_tpm_artifacts(s, list);

    for (size_t i = 0; i < count; i++) {
        struct file f = { list[i].name, list[i].bytes };

        if (!file_write(dir, &f, err))
            return false;
    }
    return true;
}

static bool write_tpm_readme(const char *dir, const struct lab_make_options *o,
                             const struct lab_tpm_scenario *row, struct arena *a, struct err *err)
{
    char judged[WHEN_TEXT];
    const char *at = when_str(o->at ? o->at : LAB_NOW, judged);
    struct writer w = writer_in(a, 1024);
    struct file f = { .name = "README.txt" };

    write_text(&w, "Lab evidence. Nobody's machine: every key here is derived from a public text,\n"
                   "and no verifier accepts it unless it was told to by name.\n\n");
    write_format(&w, "kind       %s\nscenario   %s\nseed       %llu\n", o->kind, row->name,
                 (unsigned long long)o->seed);
    write_text(&w, "changes    ");
    write_text(&w, row->changes);
    write_text(&w, *row->changes && o->changes ? ";" : "");
    write_text(&w, o->changes ? o->changes : "");
    write_format(&w, "\njudged at  %s\n", at);
    if (!o->changes)
        write_format(&w, "expected   %s\n", row->reason ? row->reason : "permit");
    write_format(&w,
                 "\n  cupel appraise --type %s --evidence request.jws --roots lab=. \\\n"
                 "      --at %s --policy none\n",
                 o->kind, at);
    return writer_done(&w, &f.bytes, err) && file_write(dir, &f, err);
}

static bool write_tpm_note(const char *dir, const struct lab_make_options *o, struct arena *a,
                           struct err *err)
{
    const struct exhibit x = {
        .kind = strcmp(o->kind, "vbs") == 0 ? EVIDENCE_VBS : EVIDENCE_TPM,
        .evidence = "request.jws",
        .roots = { "lab=." },
        .root_count = 1,
        .has_time = true,
        .at = o->at ? o->at : LAB_NOW,
    };
    struct writer w = writer_in(a, 512);
    struct file f = { .name = "evidence.json" };

    exhibit_write(&w, &x);
    return writer_done(&w, &f.bytes, err) && file_write(dir, &f, err);
}

static bool make_measured(const struct lab_make_options *o, const char *scenario, struct arena *a,
                          struct err *err)
{
    struct lab_ring *ring = ARENA_NEW(a, struct lab_ring);
    struct lab_tpm_params p;
    struct lab_tpm_set set;

    if (!ring)
        return arena_fail(a, err);
    if (!lab_tpm_scenario(o->kind, scenario, o->seed, a, &p, err) ||
        (o->changes && !lab_tpm_set(&p, o->changes, a, err)))
        return false;
    if (o->at)
        lab_tpm_params_at(&p, o->at);
    return lab_tpm_make(&p, ring, a, &set, err) && folders_make(o->out_dir, err) &&
           write_artifacts(o->out_dir, &set, err) &&
           write_anchors(o->out_dir, &set, p.pin, a, err) &&
           write_tpm_note(o->out_dir, o, a, err) &&
           write_tpm_readme(o->out_dir, o, lab_tpm_scenario_find(o->kind, scenario), a, err);
}

/* ---------------------------------------------------------------- the door */

static bool kind_check(const char *kind, struct err *err)
{
    if (strcmp(kind, "sgx") == 0 || strcmp(kind, "oe") == 0)
        return true;
    return err_fail(err, ERR_UNSUPPORTED, "docs/formats/lab.md",
                    "this lab makes sgx, oe, tpm and vbs, not \"%.40s\"", kind);
}

static bool options_read(const struct lab_make_options *o, const char *scenario, struct arena *a,
                         struct lab_sgx_params *out, struct err *err)
{
    if (!kind_check(o->kind, err) || !lab_sgx_scenario(scenario, o->seed, a, out, err))
        return false;
    if (o->changes && !lab_sgx_set(out, o->changes, a, err))
        return false;
    if (o->at)
        lab_sgx_params_at(out, o->at);
    return true;
}

static bool make_in(const struct lab_make_options *o, struct arena *a, struct err *err)
{
    const char *scenario = o->scenario ? o->scenario : "base";
    struct lab_sgx_params p;
    struct lab_sgx_set set;

    if (is_measured(o->kind))
        return make_measured(o, scenario, a, err);
    return options_read(o, scenario, a, &p, err) && lab_sgx_make(&p, a, &set, err) &&
           folders_make(o->out_dir, err) && write_set(o->out_dir, &set, err) &&
           write_oe(o->out_dir, &set, a, err) && write_root_key(o->out_dir, o->seed, a, err) &&
           write_note(o->out_dir, o, a, err) &&
           write_readme(o->out_dir, o, lab_scenario_find(scenario), a, err);
}

bool lab_make(const struct lab_make_options *options, struct err *err)
{
    struct arena a = arena_over(MEMORY);
    bool ok = make_in(options, &a, err);

    arena_fini(&a);
    return ok;
}
