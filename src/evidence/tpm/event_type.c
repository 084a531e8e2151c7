#include "event_type.h"

#include <stdio.h>

/* clang-format off */
const struct event_type event_types[] = {
    { 0x00000000, "EV_PREBOOT_CERT",                 DIGEST_BY_VENDOR,   DATA_RAW,       "deprecated" },
    { 0x00000001, "EV_POST_CODE",                    DIGEST_OF_OTHER,    DATA_RAW,       "firmware code" },
    { 0x00000003, "EV_NO_ACTION",                    DIGEST_OF_OTHER,    DATA_RAW,       "note" },
    { 0x00000004, "EV_SEPARATOR",                    DIGEST_OF_DATA,     DATA_SEPARATOR, "end of a phase" },
    { 0x00000005, "EV_ACTION",                       DIGEST_OF_DATA,     DATA_TEXT,      "action" },
    { 0x00000006, "EV_EVENT_TAG",                    DIGEST_BY_VENDOR,   DATA_TAGGED,    "tagged records" },
    { 0x00000007, "EV_S_CRTM_CONTENTS",              DIGEST_OF_OTHER,    DATA_RAW,       "root of trust for measurement" },
    { 0x00000008, "EV_S_CRTM_VERSION",               DIGEST_OF_DATA,     DATA_RAW,       "version of the root of trust" },
    { 0x00000009, "EV_CPU_MICROCODE",                DIGEST_OF_OTHER,    DATA_RAW,       "microcode patch" },
    { 0x0000000A, "EV_PLATFORM_CONFIG_FLAGS",        DIGEST_BY_VENDOR,   DATA_RAW,       "platform configuration" },
    { 0x0000000B, "EV_TABLE_OF_DEVICES",             DIGEST_BY_VENDOR,   DATA_RAW,       "device table" },
    { 0x0000000C, "EV_COMPACT_HASH",                 DIGEST_OF_DATA,     DATA_RAW,       "short value" },
    { 0x0000000D, "EV_IPL",                          DIGEST_OF_OTHER,    DATA_TEXT,      "boot loader text" },
    { 0x0000000E, "EV_IPL_PARTITION_DATA",           DIGEST_OF_OTHER,    DATA_TEXT,      "boot loader partition data" },
    { 0x0000000F, "EV_NONHOST_CODE",                 DIGEST_BY_VENDOR,   DATA_RAW,       "code of another processor" },
    { 0x00000010, "EV_NONHOST_CONFIG",               DIGEST_BY_VENDOR,   DATA_RAW,       "configuration of another processor" },
    { 0x00000011, "EV_NONHOST_INFO",                 DIGEST_BY_VENDOR,   DATA_RAW,       "notes on another processor" },
    { 0x00000012, "EV_OMIT_BOOT_DEVICE_EVENTS",      DIGEST_OF_DATA,     DATA_TEXT,      "boot device events are left out" },
    { 0x00000013, "EV_POST_CODE2",                   DIGEST_OF_OTHER,    DATA_RAW,       "firmware code" },
    { 0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG",   DIGEST_OF_DATA,     DATA_VARIABLE,  "UEFI variable" },
    { 0x80000002, "EV_EFI_VARIABLE_BOOT",            DIGEST_OF_VARIABLE, DATA_VARIABLE,  "boot variable" },
    { 0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION", DIGEST_OF_OTHER,   DATA_IMAGE,     "boot program started" },
    { 0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER",     DIGEST_OF_OTHER,    DATA_IMAGE,     "boot driver loaded" },
    { 0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER",  DIGEST_OF_OTHER,    DATA_IMAGE,     "runtime driver loaded" },
    { 0x80000006, "EV_EFI_GPT_EVENT",                DIGEST_OF_DATA,     DATA_GPT,       "partition table" },
    { 0x80000007, "EV_EFI_ACTION",                   DIGEST_OF_DATA,     DATA_TEXT,      "action" },
    { 0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB",   DIGEST_OF_OTHER,    DATA_RAW,       "firmware volume" },
    { 0x80000009, "EV_EFI_HANDOFF_TABLES",           DIGEST_OF_OTHER,    DATA_RAW,       "tables handed over" },
    { 0x8000000A, "EV_EFI_PLATFORM_FIRMWARE_BLOB2",  DIGEST_OF_OTHER,    DATA_RAW,       "firmware volume" },
    { 0x8000000B, "EV_EFI_HANDOFF_TABLES2",          DIGEST_OF_OTHER,    DATA_RAW,       "tables handed over" },
    { 0x8000000C, "EV_EFI_VARIABLE_BOOT2",           DIGEST_OF_DATA,     DATA_VARIABLE,  "boot variable" },
    { 0x8000000D, "EV_EFI_GPT_EVENT2",               DIGEST_OF_DATA,     DATA_GPT,       "partition table" },
    { 0x80000010, "EV_EFI_HCRTM_EVENT",              DIGEST_OF_OTHER,    DATA_TEXT,      "hardware root of trust" },
    { 0x800000E0, "EV_EFI_VARIABLE_AUTHORITY",       DIGEST_OF_DATA,     DATA_VARIABLE,  "Secure Boot authority used" },
    { 0x800000E1, "EV_EFI_SPDM_FIRMWARE_BLOB",       DIGEST_BY_VENDOR,   DATA_RAW,       "device firmware" },
    { 0x800000E2, "EV_EFI_SPDM_FIRMWARE_CONFIG",     DIGEST_BY_VENDOR,   DATA_RAW,       "device configuration" },
    { 0x800000E3, "EV_EFI_SPDM_DEVICE_POLICY",       DIGEST_BY_VENDOR,   DATA_RAW,       "device policy" },
    { 0x800000E4, "EV_EFI_SPDM_DEVICE_AUTHORITY",    DIGEST_BY_VENDOR,   DATA_RAW,       "device authority" },
};
/* clang-format on */
const size_t event_type_count = COUNT(event_types);

const struct event_type *event_type_find(uint32_t number)
{
    size_t low = 0, high = event_type_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (event_types[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < event_type_count && event_types[low].number == number ? &event_types[low] : NULL;
}

const char *event_type_show(uint32_t number, char *buf)
{
    const struct event_type *type = event_type_find(number);

    if (type)
        return type->name;
    snprintf(buf, EVENT_TYPE_TEXT, "0x%08X", number);
    return buf;
}
