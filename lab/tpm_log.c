/*
 * Boots of the lab: firmware, then Windows or Linux, event by event, and the PCRs they lead to.
 */
#include "tpm_in.h"

#include "../src/evidence/tpm/ima.h"
#include "../src/evidence/tpm/sipa.h"
#include "../src/evidence/tpm/variable.h"

#include <stdio.h>
#include <string.h>

enum {
    EV_S_CRTM_VERSION = 8,
    SIPA_DEP = 0x00050004,
    SIPA_OSDEVICE = 0x00050008,
    SIPA_SYSTEMROOT = 0x00050009,
    SIPA_HYPERVISOR_LAUNCH_TYPE = 0x0005000A,
    SIPA_FLIGHTSIGNING = 0x00050021,
    SIPA_HVCI_POLICY = 0x000A0007,
    BANK_BITS_SHA1 = 1u << BANK_SHA1,
    BANK_BITS_SHA256 = 1u << BANK_SHA256,
};

/* A log in the making: written events, and the PCRs of the machine that measured them. */
struct maker {
    const struct lab_tpm_bench *b;
    struct writer w;
    unsigned mask; /* 0: the old frame */
    struct lab_boot_log *out;
    bool has_failed;
};

unsigned lab_tpm_banks(const struct lab_tpm_params *p)
{
    if (strcmp(p->bank, "sha1") == 0)
        return BANK_BITS_SHA1;
    return strcmp(p->bank, "both") == 0 ? BANK_BITS_SHA1 | BANK_BITS_SHA256 : BANK_BITS_SHA256;
}

/* ---------------------------------------------------------------- events */

/* What is done to the event of that name: "data:boot-b". NULL: nothing. */
static const char *edit_of(const struct maker *m, const char *name)
{
    const char *edit = m->b->p->edit, *colon = strchr(edit, ':');

    return colon && strcmp(colon + 1, name) == 0 ? edit : NULL;
}

static bool edit_is(const char *edit, const char *kind)
{
    return edit && strncmp(edit, kind, strlen(kind)) == 0 && edit[strlen(kind)] == ':';
}

static void extend(struct maker *m, const struct tpm_event *e)
{
    for (unsigned bank = 0; bank < BANK_COUNT; bank++)
        if ((lab_tpm_banks(m->b->p) & 1u << bank) && e->pcr < PCR_COUNT &&
            !bank_extend(m->b->crypto, (enum tpm_bank)bank, m->out->pcrs[bank][e->pcr],
                         e->digests[bank], m->b->err))
            m->has_failed = true;
}

static struct span flipped(struct maker *m, struct span data)
{
    struct span copy = arena_dup(m->b->a, data);

    if (!copy.p || copy.n == 0)
        m->has_failed = !copy.p;
    else
        ((uint8_t *)(uintptr_t)copy.p)[copy.n - 1] ^= 1;
    return copy;
}

static void hash(struct maker *m, struct tpm_event *e, uint8_t digests[BANK_COUNT][PCR_SIZE_MAX])
{
    if (!eventlog_hash(m->b->crypto, lab_tpm_banks(m->b->p), e, digests, m->b->err))
        m->has_failed = true;
}

/* Writes an event otherwise than it was measured. */
static void write_edited(struct maker *m, const char *edit, struct tpm_event *e,
                         uint8_t digests[BANK_COUNT][PCR_SIZE_MAX])
{
    if (edit_is(edit, "drop"))
        return;
    if (edit_is(edit, "data") || edit_is(edit, "both"))
        e->data = flipped(m, e->data);
    if (edit_is(edit, "both"))
        hash(m, e, digests);
    if (edit_is(edit, "digest"))
        for (unsigned bank = 0; bank < BANK_COUNT; bank++)
            digests[bank][0] ^= 1;
    eventlog_write_event(&m->w, m->mask, e);
    if (edit_is(edit, "repeat"))
        eventlog_write_event(&m->w, m->mask, e);
}

/* An event whose digest is that of `hashed`. */
static void add_as(struct maker *m, const char *name, uint32_t pcr, uint32_t type, struct span data,
                   struct span hashed)
{
    uint8_t digests[BANK_COUNT][PCR_SIZE_MAX];
    struct tpm_event e = { .pcr = pcr, .type = type, .data = hashed };

    if (m->has_failed)
        return;
    hash(m, &e, digests);
    extend(m, &e);
    e.data = data;
    write_edited(m, edit_of(m, name), &e, digests);
}

static void add(struct maker *m, const char *name, uint32_t pcr, uint32_t type, struct span data)
{
    add_as(m, name, pcr, type, data, data);
}

static void add_text(struct maker *m, const char *name, uint32_t pcr, uint32_t type,
                     const char *data)
{
    add(m, name, pcr, type, span_str(data));
}

/* A note: nothing is measured. */
static void add_note(struct maker *m, uint32_t pcr, struct span data)
{
    static const uint8_t zeros[PCR_SIZE_MAX];
    struct tpm_event e = { .pcr = pcr, .type = EV_NO_ACTION, .data = data };

    for (unsigned bank = 0; bank < BANK_COUNT; bank++)
        e.digests[bank] = zeros;
    eventlog_write_event(&m->w, m->mask, &e);
}

/* Something that is named, and stands for its hash. */
static void add_described(struct maker *m, const char *name, uint32_t pcr, uint32_t type,
                          struct span data)
{
    uint8_t h[32];

    if (!lab_tpm_hash(m->b, name, h))
        m->has_failed = true;
    else
        add_as(m, name, pcr, type, data, span_of(h, sizeof h));
}

/* ---------------------------------------------------------------- data */

static void write_utf16(struct writer *w, const char *text)
{
    for (; *text; text++)
        write_u16le(w, (uint8_t)*text);
}

static struct span utf16(struct maker *m, const char *text)
{
    struct writer w = writer_in(m->b->a, 2 * strlen(text) + 2);

    write_utf16(&w, text);
    return lab_tpm_done(m->b, &w);
}

static struct span variable(struct maker *m, struct span guid, const char *name, struct span data)
{
    struct writer w = writer_in(m->b->a, 64 + data.n);
    struct uefi_variable v = { guid, utf16(m, name), data };

    variable_write(&w, &v);
    return lab_tpm_done(m->b, &w);
}

/* An image, and the path it was loaded from: one file node, one end node (UEFI 2.10, 10.3). */
static struct span image(struct maker *m, const char *path)
{
    struct writer w = writer_in(m->b->a, 128);
    size_t node = 4 + 2 * strlen(path) + 2;

    write_u64le(&w, 0x100000);
    write_u64le(&w, 0x80000);
    write_u64le(&w, 0);
    write_u64le(&w, node + 4);
    write_u8(&w, 4);
    write_u8(&w, 4);
    write_u16le(&w, (uint16_t)node);
    write_utf16(&w, path);
    write_u16le(&w, 0);
    write_bytes(&w, span_of("\x7f\xff\x04\x00", 4));
    return lab_tpm_done(m->b, &w);
}

/* ---------------------------------------------------------------- firmware */

static void add_secure_boot(struct maker *m, bool is_on)
{
    add(m, "secure-boot", 7, EV_EFI_VARIABLE_DRIVER_CONFIG,
        variable(m, guid_global, "SecureBoot", span_of(is_on ? "\1" : "\0", 1)));
}

/* The variables of Secure Boot in their order; keys and databases are empty. */
static void add_variables(struct maker *m)
{
    static const char *const global[] = { "PK", "KEK" }, *const security[] = { "db", "dbx" };
    const char *mode = m->b->p->secure_boot;
    struct span none = { 0 };

    if (strcmp(mode, "on") == 0 || strcmp(mode, "twice") == 0 || strcmp(mode, "off") == 0)
        add_secure_boot(m, strcmp(mode, "off") != 0);
    if (strcmp(mode, "twice") == 0)
        add_secure_boot(m, true);
    for (size_t i = 0; i < COUNT(global); i++)
        add(m, global[i], 7, EV_EFI_VARIABLE_DRIVER_CONFIG,
            variable(m, guid_global, global[i], none));
    for (size_t i = 0; i < COUNT(security); i++)
        add(m, security[i], 7, EV_EFI_VARIABLE_DRIVER_CONFIG,
            variable(m, guid_image_security, security[i], none));
}

static bool is_odd(const struct maker *m, const char *what)
{
    return strcmp(m->b->p->oddity, what) == 0;
}

static void add_separators(struct maker *m)
{
    for (uint32_t pcr = 0; pcr < 8; pcr++) {
        bool is_bad = is_odd(m, "separator-bad") && pcr == 4;

        add(m, "separator", pcr, EV_SEPARATOR, span_of(is_bad ? "\7\0\0\0" : "\0\0\0\0", 4));
    }
    if (is_odd(m, "separator-twice"))
        add(m, "separator", 3, EV_SEPARATOR, span_of("\0\0\0\0", 4));
}

static void add_firmware(struct maker *m)
{
    const struct lab_tpm_params *p = m->b->p;
    uint8_t locality[17] = "StartupLocality";
    struct writer crtm = writer_in(m->b->a, 64);

    if (p->locality > 0) {
        locality[16] = (uint8_t)p->locality;
        add_note(m, 0, span_of(locality, sizeof locality));
        for (unsigned bank = 0; bank < BANK_COUNT; bank++)
            m->out->pcrs[bank][0][banks[bank].size - 1] = (uint8_t)p->locality;
    }
    write_utf16(&crtm, "lab-crtm");
    write_u16le(&crtm, 0);
    add(m, "crtm", 0, EV_S_CRTM_VERSION, lab_tpm_done(m->b, &crtm));
    add_variables(m);
    add_separators(m);
    if (strcmp(p->secure_boot, "late") == 0)
        add_secure_boot(m, true);
}

/* ---------------------------------------------------------------- Windows */

static void put_number(struct writer *w, uint32_t id, int64_t v, size_t size)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)((uint64_t)v >> (8 * i));
    if (v != LAB_ABSENT)
        sipa_write(w, id, span_of(bytes, size));
}

/* VSM_IDK_INFO, VSM_IDKS_INFO: kind, bits, sizes, exponent, modulus (the VBS contract, 6). */
static void put_key(struct maker *m, struct writer *w, uint32_t id, const char *name, bool is_odd)
{
    struct writer block = writer_in(m->b->a, 300);
    struct lab_rsa key;

    if (!lab_tpm_rsa(m->b, name, &key)) {
        m->has_failed = true;
        return;
    }
    write_u32le(&block, 1);
    write_u32le(&block, is_odd ? 1024 : 2048);
    write_u32le(&block, 3);
    write_u32le(&block, LAB_RSA_SIZE);
    write_bytes(&block, span_of("\1\0\1", 3));
    write_bytes(&block, span_of(key.n, LAB_RSA_SIZE));
    sipa_write(w, id, lab_tpm_done(m->b, &block));
}

static void put_idks(struct maker *m, struct writer *w)
{
    const char *idks = m->b->p->idks;

    if (strcmp(idks, "none") == 0)
        return;
    put_key(m, w, SIPA_VSM_IDK_INFO, "idk", false);
    put_key(m, w, SIPA_VSM_IDKS_INFO, "idks", strcmp(idks, "odd") == 0);
    if (strcmp(idks, "two") == 0)
        put_key(m, w, SIPA_VSM_IDKS_INFO, "other-idks", false);
    if (strcmp(idks, "same-twice") == 0)
        put_key(m, w, SIPA_VSM_IDKS_INFO, "idks", false);
    put_number(w, SIPA_IDK_GENERATION_STATUS, m->b->p->idk_status, 4);
}

/* The boot manager's statement. */
static void put_first(struct maker *m, struct writer *w, bool is_resume)
{
    const struct lab_tpm_params *p = m->b->p;
    int64_t counter = (int64_t)(p->boot_counter + (is_resume ? p->resumes : 0));

    put_number(w, SIPA_BOOTCOUNTER, counter, 8);
    put_number(w, SIPA_TRANSFER_CONTROL, is_resume ? 2 : p->transfer_control, 4);
    put_number(w, SIPA_BOOTDEBUGGING, p->boot_debugging, 1);
    put_number(w, SIPA_BITLOCKER_UNLOCK, 0, 4);
}

/* The loader's statement about the system. */
static void put_second(struct maker *m, struct writer *w)
{
    const struct lab_tpm_params *p = m->b->p;
    struct writer root = writer_in(m->b->a, 32);

    put_number(w, SIPA_BOOTCOUNTER, p->second_counter, 8);
    put_number(w, SIPA_BOOTDEBUGGING, p->late_debugging, 1);
    put_number(w, SIPA_OSKERNELDEBUG, p->kernel_debug, 1);
    put_number(w, SIPA_CODEINTEGRITY, p->code_integrity, 1);
    put_number(w, SIPA_TESTSIGNING, p->test_signing, 1);
    put_number(w, SIPA_FLIGHTSIGNING, p->flight_signing, 1);
    put_number(w, SIPA_DEP, 1, 8);
    put_number(w, SIPA_SAFEMODE, p->safe_mode, 1);
    put_number(w, SIPA_WINPE, p->win_pe, 1);
    put_number(w, SIPA_OSDEVICE, 0x10004, 4);
    write_utf16(&root, "\\WINDOWS");
    write_u16le(&root, 0);
    sipa_write(w, SIPA_SYSTEMROOT, lab_tpm_done(m->b, &root));
    put_number(w, SIPA_HYPERVISOR_LAUNCH_TYPE, p->vsm_launch, 8);
    put_number(w, SIPA_VSM_LAUNCH_TYPE, p->vsm_launch, 8);
    put_number(w, SIPA_VBS_VSM_REQUIRED, p->vsm_required, 1);
    put_number(w, SIPA_VBS_MANDATORY_ENFORCEMENT, p->vbs_enforced, 1);
    put_number(w, SIPA_VBS_IOMMU_REQUIRED, p->iommu, 1);
    put_number(w, SIPA_HVCI_POLICY, p->hvci, 8);
    put_idks(m, w);
}

static struct span boundary(struct maker *m, struct span records)
{
    struct writer w = writer_in(m->b->a, records.n + 8);

    sipa_write(&w, SIPA_TRUSTBOUNDARY, records);
    return lab_tpm_done(m->b, &w);
}

static struct span first_boundary(struct maker *m, bool is_resume)
{
    struct writer w = writer_in(m->b->a, 128);

    put_first(m, &w, is_resume);
    return boundary(m, lab_tpm_done(m->b, &w));
}

static struct span second_boundary(struct maker *m)
{
    struct writer w = writer_in(m->b->a, 1024);

    put_second(m, &w);
    return boundary(m, lab_tpm_done(m->b, &w));
}

/* What a later program can say, too: that nothing was debugged. */
static struct span afterthought(struct maker *m)
{
    struct writer w = writer_in(m->b->a, 32);

    put_number(&w, SIPA_BOOTDEBUGGING, 0, 1);
    return boundary(m, lab_tpm_done(m->b, &w));
}

static void add_windows_end(struct maker *m)
{
    add(m, "cap", 11, EV_COMPACT_HASH, span_of("\x00\x00\xff\xff", 4));
    if (is_odd(m, "no-wbcl"))
        return;
    for (uint32_t pcr = 12; pcr <= 14; pcr++)
        add_text(m, "wbcl", pcr, EV_SEPARATOR, "WBCL");
    if (is_odd(m, "tagged-after"))
        add(m, "afterthought", 12, EV_EVENT_TAG, afterthought(m));
}

static void add_windows(struct maker *m, bool is_resume)
{
    struct span a = first_boundary(m, is_resume);

    add(m, "bootmgr", 11, EV_COMPACT_HASH, span_of("\x10\0\0\0", 4));
    add(m, "boot-a", 12, EV_EVENT_TAG, a);
    add(m, "boot-a-13", 13, EV_EVENT_TAG, a);
    if (is_odd(m, "overrun"))
        add(m, "overrun", 12, EV_EVENT_TAG, span_of("\1\0\1\x40\xff\0\0\0", 8));
    if (is_odd(m, "compact-12"))
        add(m, "compact-12", 12, EV_COMPACT_HASH, span_of("\1\0\0\0", 4));
    if (!is_resume)
        add(m, "boot-b", 12, EV_EVENT_TAG, second_boundary(m));
    add_windows_end(m);
}

/* ---------------------------------------------------------------- Linux */

static void add_authority(struct maker *m)
{
    struct writer w = writer_in(m->b->a, 64);

    write_fill(&w, 0x5A, GUID_SIZE); /* who put the certificate into db */
    write_text(&w, "Lab Secure Boot CA");
    add(m, "authority", 7, EV_EFI_VARIABLE_AUTHORITY,
        variable(m, guid_image_security, "db", lab_tpm_done(m->b, &w)));
}

static void add_linux(struct maker *m)
{
    if (strcmp(m->b->p->secure_boot, "off") != 0)
        add_authority(m);
    add_text(m, "boot-option", 4, EV_EFI_ACTION, "Calling EFI Application from Boot Option");
    add_described(m, "shim", 4, EV_EFI_APPLICATION, image(m, "\\EFI\\BOOT\\BOOTX64.EFI"));
    add_described(m, "grub", 4, EV_EFI_APPLICATION, image(m, "\\EFI\\BOOT\\grubx64.efi"));
    add_described(m, "mok-list", 14, EV_IPL, span_of("MokList", 8));
    add_described(m, "grub-cmd", 8, EV_IPL, span_str("grub_cmd: linux /vmlinuz lab"));
    add_described(m, "kernel-file", 9, EV_IPL, span_str("/vmlinuz"));
    add_described(m, "initrd-file", 9, EV_IPL, span_str("/initrd.gz"));
    add_described(m, "kernel", 4, EV_EFI_APPLICATION, image(m, "\\vmlinuz"));
    add_text(m, "exit", 5, EV_EFI_ACTION, "Exit Boot Services Invocation");
    add_text(m, "exit", 5, EV_EFI_ACTION, "Exit Boot Services Returned with Success");
}

/* ---------------------------------------------------------------- IMA */

/* Template data of ima-ng: algorithm and digest, then the file's name. */
static bool ima_data(struct maker *m, const char *file, struct span *out)
{
    struct writer w = writer_in(m->b->a, 128);
    uint8_t h[32];

    if (!lab_tpm_hash(m->b, file, h))
        return false;
    write_u32le(&w, 8 + sizeof h);
    write_bytes(&w, span_of("sha256:", 8));
    write_bytes(&w, span_of(h, sizeof h));
    write_u32le(&w, (uint32_t)strlen(file) + 1);
    write_bytes(&w, span_of(file, strlen(file) + 1));
    return writer_done(&w, out, m->b->err);
}

static bool ima_extend(struct maker *m, const struct ima_entry *e)
{
    for (unsigned bank = 0; bank < BANK_COUNT; bank++) {
        uint8_t digest[PCR_SIZE_MAX];

        if (lab_tpm_banks(m->b->p) & 1u << bank &&
            (!ima_digest(m->b->crypto, (enum tpm_bank)bank, e, digest, m->b->err) ||
             !bank_extend(m->b->crypto, (enum tpm_bank)bank, m->out->pcrs[bank][IMA_PCR], digest,
                          m->b->err)))
            return false;
    }
    return true;
}

static bool ima_add(struct maker *m, struct writer *w, uint64_t i)
{
    static const uint8_t zeros[SHA1_SIZE];
    const char *odd = m->b->p->ima_odd;
    bool is_last = i + 1 == m->b->p->ima;
    struct ima_entry e = { .template_name = span_str("ima-ng") };
    uint8_t sha1[SHA1_SIZE];
    char file[48];

    snprintf(file, sizeof file, "/usr/bin/lab-%llu", (unsigned long long)i);
    if (!ima_data(m, i == 0 ? "boot_aggregate" : file, &e.data) ||
        !bank_digest(m->b->crypto, BANK_SHA1, e.data, sha1, m->b->err))
        return false;
    e.is_violation = is_last && strcmp(odd, "violation") == 0;
    e.digest = span_of(e.is_violation ? zeros : sha1, SHA1_SIZE);
    if (!ima_extend(m, &e))
        return false;
    if (!is_last || strcmp(odd, "drop") != 0)
        ima_write(w, &e);
    return true;
}

static bool ima_make(struct maker *m)
{
    struct writer w = writer_in(m->b->a, 1024);

    for (uint64_t i = 0; i < m->b->p->ima; i++)
        if (!ima_add(m, &w, i))
            return false;
    return writer_done(&w, &m->out->ima, m->b->err);
}

/* ---------------------------------------------------------------- the whole */

/* Behind the events of a Windows log: no evidence, and nothing that counts. */
static void add_trust_point(struct maker *m)
{
    struct tpm_event e = { .pcr = UINT32_MAX, .type = EV_NO_ACTION };
    uint8_t digests[BANK_COUNT][PCR_SIZE_MAX];
    struct writer w = writer_in(m->b->a, 64);

    sipa_write(&w, 0xC0010004, (struct span){ 0 });
    e.data = lab_tpm_done(m->b, &w);
    hash(m, &e, digests);
    eventlog_write_event(&m->w, m->mask, &e);
}

static void start_pcrs(struct lab_boot_log *out)
{
    memset(out, 0, sizeof *out);
    for (unsigned bank = 0; bank < BANK_COUNT; bank++)
        for (size_t pcr = 17; pcr <= 22; pcr++)
            memset(out->pcrs[bank][pcr], 0xFF, PCR_SIZE_MAX);
}

static void add_all(struct maker *m, bool is_resume)
{
    const struct lab_tpm_params *p = m->b->p;

    add_firmware(m);
    if (strcmp(p->os, "windows") == 0)
        add_windows(m, is_resume);
    if (strcmp(p->os, "linux") == 0)
        add_linux(m);
    if (p->trust_point)
        add_trust_point(m);
    write_bytes(&m->w, p->log_trail);
}

bool lab_log_make(const struct lab_tpm_bench *b, bool is_resume, struct lab_boot_log *out)
{
    struct maker m = { .b = b, .w = writer_in(b->a, 8192), .out = out };
    struct span bytes = { 0 };

    start_pcrs(out);
    m.mask = strcmp(b->p->bank, "sha1") == 0 ? 0 : lab_tpm_banks(b->p);
    if (m.mask)
        eventlog_write_header(&m.w, m.mask, (struct span){ 0 });
    add_all(&m, is_resume);
    if (m.has_failed || !writer_done(&m.w, &bytes, b->err))
        return false;
    if (b->p->log_cut > bytes.n)
        return err_fail(b->err, ERR_MALFORMED, "docs/formats/lab-tpm.md",
                        "log_cut is more than the log's %zu bytes", bytes.n);
    out->bytes = span_part(bytes, 0, bytes.n - (size_t)b->p->log_cut);
    return ima_make(&m);
}
