/* Device paths as text. Source: UEFI 2.10, 10.3 and 10.6. */
#include "../../base/hex.h"
#include "utf16.h"
#include "variable.h"

#include <inttypes.h>

#define UEFI "UEFI 2.10, 10.3"

enum { NODE_HEAD = 4, END_TYPE = 0x7F, END_WHOLE = 0xFF };

typedef void node_writer(struct writer *w, struct reader *r);

static void write_acpi(struct writer *w, struct reader *r)
{
    uint32_t hid = reader_u32le(r, "hid"), uid = reader_u32le(r, "uid");

    if (hid == 0x0A0341D0 || hid == 0x0A0841D0) /* PNP0A03, PNP0A08 */
        write_format(w, "%s(0x%" PRIX32 ")", hid == 0x0A0341D0 ? "PciRoot" : "PcieRoot", uid);
    else
        write_format(w, "Acpi(0x%08" PRIX32 ",0x%" PRIX32 ")", hid, uid);
}

static void write_pci(struct writer *w, struct reader *r)
{
    uint8_t function = reader_u8(r, "function"), device = reader_u8(r, "device");

    write_format(w, "Pci(0x%X,0x%X)", device, function);
}

static void write_memory(struct writer *w, struct reader *r)
{
    uint32_t type = reader_u32le(r, "type");
    uint64_t first = reader_u64le(r, "first"), last = reader_u64le(r, "last");

    write_format(w, "MemoryMapped(0x%" PRIX32 ",0x%" PRIX64 ",0x%" PRIX64 ")", type, first, last);
}

static void write_hard_disk(struct writer *w, struct reader *r)
{
    uint32_t number = reader_u32le(r, "partition");
    uint64_t start = reader_u64le(r, "start"), size = reader_u64le(r, "size");
    struct span signature = reader_take(r, GUID_SIZE, "signature");
    uint8_t format = reader_u8(r, "format"), kind = reader_u8(r, "kind");

    write_format(w, "HD(%" PRIu32 ",%s,", number, format == 2 ? "GPT" : "MBR");
    if (kind == 2)
        guid_write(w, signature);
    else
        hex_write(w, span_part(signature, 0, 4));
    write_format(w, ",0x%" PRIX64 ",0x%" PRIX64 ")", start, size);
}

static void write_file_path(struct writer *w, struct reader *r)
{
    utf16_write(w, utf16_trim(reader_rest(r)));
}

static void write_firmware_file(struct writer *w, struct reader *r)
{
    write_text(w, "FvFile(");
    guid_write(w, reader_take(r, GUID_SIZE, "guid"));
    write_text(w, ")");
}

static void write_firmware_volume(struct writer *w, struct reader *r)
{
    write_text(w, "Fv(");
    guid_write(w, reader_take(r, GUID_SIZE, "guid"));
    write_text(w, ")");
}

static void write_offsets(struct writer *w, struct reader *r)
{
    (void)reader_u32le(r, "reserved");
    uint64_t first = reader_u64le(r, "first"), last = reader_u64le(r, "last");

    write_format(w, "Offset(0x%" PRIX64 ",0x%" PRIX64 ")", first, last);
}

static void write_usb(struct writer *w, struct reader *r)
{
    uint8_t port = reader_u8(r, "port"), interface = reader_u8(r, "interface");

    write_format(w, "USB(0x%X,0x%X)", port, interface);
}

static void write_scsi(struct writer *w, struct reader *r)
{
    uint16_t target = reader_u16le(r, "target"), lun = reader_u16le(r, "lun");

    write_format(w, "Scsi(0x%X,0x%X)", target, lun);
}

static void write_sata(struct writer *w, struct reader *r)
{
    uint16_t port = reader_u16le(r, "port"), multiplier = reader_u16le(r, "multiplier");
    uint16_t lun = reader_u16le(r, "lun");

    write_format(w, "Sata(0x%X,0x%X,0x%X)", port, multiplier, lun);
}

static void write_nvme(struct writer *w, struct reader *r)
{
    uint32_t space = reader_u32le(r, "namespace");
    struct span eui = reader_take(r, 8, "eui");

    write_format(w, "NVMe(0x%" PRIX32, space);
    for (size_t i = eui.n; i > 0; i--)
        write_format(w, "%c%02X", i == eui.n ? ',' : '-', eui.p[i - 1]);
    write_text(w, ")");
}

/* clang-format off */
static const struct {
    uint8_t type, subtype;
    node_writer *write;
} nodes[] = {
    { 1, 1,  write_pci },
    { 1, 3,  write_memory },
    { 2, 1,  write_acpi },
    { 3, 2,  write_scsi },
    { 3, 5,  write_usb },
    { 3, 18, write_sata },
    { 3, 23, write_nvme },
    { 4, 1,  write_hard_disk },
    { 4, 4,  write_file_path },
    { 4, 6,  write_firmware_file },
    { 4, 7,  write_firmware_volume },
    { 4, 8,  write_offsets },
};
/* clang-format on */

static bool write_known(struct writer *w, uint8_t type, uint8_t subtype, struct span body)
{
    struct err ignored = { 0 };
    struct reader r = reader_over(body, &ignored);
    size_t before = w->n;

    for (size_t i = 0; i < COUNT(nodes); i++) {
        if (nodes[i].type != type || nodes[i].subtype != subtype)
            continue;
        nodes[i].write(w, &r);
        if (reader_ok(&r))
            return true;
        w->n = before; /* shorter than its kind: shown as bytes */
    }
    return false;
}

static void write_node(struct writer *w, uint8_t type, uint8_t subtype, struct span body)
{
    if (write_known(w, type, subtype, body))
        return;
    write_format(w, "Path(%u,%u,", type, subtype);
    hex_write(w, body);
    write_text(w, ")");
}

bool device_path_write(struct writer *w, struct span path, struct err *err)
{
    struct err nobody = { 0 };
    struct reader r = reader_over(path, err ? err : &nobody);

    for (size_t n = 0; reader_left(&r) > 0; n++) {
        uint8_t type = reader_u8(&r, "type"), subtype = reader_u8(&r, "subtype");
        uint16_t size = reader_u16le(&r, "length");

        if (reader_ok(&r) && (size < NODE_HEAD || n == TPM_DEVICE_NODES_MAX)) {
            reader_fail(&r, ERR_MALFORMED, UEFI, "length", "%u at node %zu is no device path", size,
                        n);
            break;
        }
        struct span body = reader_take(&r, size - (reader_ok(&r) ? NODE_HEAD : 0u), "node");

        if (!reader_ok(&r) || (type == END_TYPE && subtype == END_WHOLE))
            break;
        if (n > 0)
            write_u8(w, '/');
        write_node(w, type, subtype, body);
    }
    if (!reader_ok(&r))
        return err_in(err, "device_path");
    return true;
}
