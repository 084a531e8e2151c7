/* The records of Windows by number. Source: Windows SDK, wbcl.h; the TPM contract, 12 and 15. */
#include "sipa.h"

/* clang-format off */
static const struct sipa_word transfer_words[] = {
    { 0, "None" }, { 1, "OsLoader" }, { 2, "Resume" }, { 3, "Utility" }, { 4, "NoSignatureCheck" },
    { 5, "Hypervisor" }, { 0, NULL },
};
static const struct sipa_word bitlocker_words[] = {
    { 0x1, "Cached" }, { 0x2, "Media" }, { 0x4, "Tpm" }, { 0x10, "Pin" }, { 0x20, "ExternalKey" },
    { 0x40, "Recovery" }, { 0x80, "Passphrase" }, { 0x100, "Network" }, { 0x200, "AutoUnlock" },
    { 0, NULL },
};
static const struct sipa_word dep_words[] = {
    { 0, "OptIn" }, { 1, "OptOut" }, { 2, "AlwaysOff" }, { 3, "AlwaysOn" }, { 0, NULL },
};
static const struct sipa_word device_words[] = {
    { 0x10000, "BlockDevice" }, { 0x10004, "Partition" }, { 0x20000, "Serial" }, { 0x30000, "Udp" },
    { 0x40000, "VmBus" }, { 0x50000, "Composite" }, { 0x60000, "CimFileSystem" }, { 0, NULL },
};
static const struct sipa_word launch_words[] = { { 0, "Off" }, { 1, "Auto" }, { 0, NULL } };
static const struct sipa_word vsm_words[] = { { 0, "Off" }, { 1, "On" }, { 0, NULL } };
static const struct sipa_word policy_words[] = {
    { 0, "Default" }, { 1, "Enable" }, { 2, "Disable" }, { 0, NULL },
};
static const struct sipa_word driver_words[] = {
    { 1, "GoodAndUnknown" }, { 3, "GoodUnknownAndBadCritical" }, { 7, "All" }, { 8, "GoodOnly" },
    { 0, NULL },
};
static const struct sipa_word hvci_words[] = {
    { 0, "HypervisorEnforcedCodeIntegrityDisable" }, { 1, "HypervisorEnforcedCodeIntegrityEnable" },
    { 2, "HypervisorEnforcedCodeIntegrityStrict" }, { 0, NULL },
};
static const struct sipa_word no_words[] = { { 0, NULL } };

#define PLAIN(form) form, false, NULL, false
#define MANY(form)  form, true, NULL, false
#define WORDS(set)  SIPA_VALUE, false, set, false
#define BITS(set)   SIPA_VALUE, false, set, true

/* In ascending order of the id. */
const struct sipa_def sipa_defs[] = {
    { 0x00020001, "INFORMATION",                        PLAIN(SIPA_RAW)        },
    { 0x00020002, "BOOTCOUNTER",                        PLAIN(SIPA_INT)        },
    { 0x00020003, "TRANSFER_CONTROL",                   WORDS(transfer_words)  },
    { 0x00020004, "APPLICATION_RETURN",                 PLAIN(SIPA_RAW)        },
    { 0x00020005, "BITLOCKER_UNLOCK",                   BITS(bitlocker_words)  },
    { 0x00020006, "EVENTCOUNTER",                       PLAIN(SIPA_INT)        },
    { 0x00020007, "COUNTERID",                          PLAIN(SIPA_INT)        },
    { 0x00020008, "MORBIT_NOT_CANCELABLE",              PLAIN(SIPA_INT)        },
    { 0x00020009, "APPLICATION_SVN",                    PLAIN(SIPA_INT)        },
    { 0x0002000A, "SVN_CHAIN_STATUS",                   PLAIN(SIPA_INT)        },
    { 0x0002000B, "MORBIT_API_STATUS",                  PLAIN(SIPA_INT)        },
    { 0x0002000C, "IDK_GENERATION_STATUS",              PLAIN(SIPA_INT)        },
    { 0x00030001, "FIRMWAREFAILURE",                    PLAIN(SIPA_RAW)        },
    { 0x00030003, "INTERNALFAILURE",                    PLAIN(SIPA_RAW)        },
    { 0x00030005, "HYPERVISORFAILURE",                  PLAIN(SIPA_RAW)        },
    { 0x00040001, "BOOTDEBUGGING",                      PLAIN(SIPA_BOOL)       },
    { 0x00040002, "BOOT_REVOCATION_LIST",               PLAIN(SIPA_RAW)        },
    { 0x00050001, "OSKERNELDEBUG",                      PLAIN(SIPA_BOOL)       },
    { 0x00050002, "CODEINTEGRITY",                      PLAIN(SIPA_BOOL)       },
    { 0x00050003, "TESTSIGNING",                        PLAIN(SIPA_BOOL)       },
    { 0x00050004, "DATAEXECUTIONPREVENTION",            WORDS(dep_words)       },
    { 0x00050005, "SAFEMODE",                           PLAIN(SIPA_BOOL)       },
    { 0x00050006, "WINPE",                              PLAIN(SIPA_BOOL)       },
    { 0x00050007, "PHYSICALADDRESSEXTENSION",           PLAIN(SIPA_INT)        },
    { 0x00050008, "OSDEVICE",                           WORDS(device_words)    },
    { 0x00050009, "SYSTEMROOT",                         PLAIN(SIPA_TEXT)       },
    { 0x0005000A, "HYPERVISOR_LAUNCH_TYPE",             WORDS(launch_words)    },
    { 0x0005000B, "HYPERVISOR_PATH",                    PLAIN(SIPA_TEXT)       },
    { 0x0005000C, "HYPERVISOR_IOMMU_POLICY",            WORDS(policy_words)    },
    { 0x0005000D, "HYPERVISOR_DEBUG",                   PLAIN(SIPA_BOOL)       },
    { 0x0005000E, "DRIVER_LOAD_POLICY",                 WORDS(driver_words)    },
    { 0x0005000F, "SI_POLICY",                          MANY(SIPA_RAW)         },
    { 0x00050010, "HYPERVISOR_MMIO_NX_POLICY",          WORDS(policy_words)    },
    { 0x00050011, "HYPERVISOR_MSR_FILTER_POLICY",       WORDS(policy_words)    },
    { 0x00050012, "VSM_LAUNCH_TYPE",                    WORDS(vsm_words)       },
    { 0x00050013, "OS_REVOCATION_LIST",                 PLAIN(SIPA_RAW)        },
    { 0x00050014, "SMT_STATUS",                         WORDS(no_words)        },
    { 0x00050020, "VSM_IDK_INFO",                       PLAIN(SIPA_RAW)        },
    { 0x00050021, "FLIGHTSIGNING",                      PLAIN(SIPA_BOOL)       },
    { 0x00050022, "PAGEFILE_ENCRYPTION_ENABLED",        PLAIN(SIPA_BOOL)       },
    { 0x00050023, "VSM_IDKS_INFO",                      PLAIN(SIPA_RAW)        },
    { 0x00050024, "HIBERNATION_DISABLED",               PLAIN(SIPA_BOOL)       },
    { 0x00050025, "DUMPS_DISABLED",                     PLAIN(SIPA_BOOL)       },
    { 0x00050026, "DUMP_ENCRYPTION_ENABLED",            PLAIN(SIPA_BOOL)       },
    { 0x00050027, "DUMP_ENCRYPTION_KEY_DIGEST",         PLAIN(SIPA_RAW)        },
    { 0x00050028, "LSAISO_CONFIG",                      PLAIN(SIPA_INT)        },
    { 0x00050029, "SBCP_INFO",                          PLAIN(SIPA_RAW)        },
    { 0x00050030, "HYPERVISOR_BOOT_DMA_PROTECTION",     PLAIN(SIPA_BOOL)       },
    { 0x00050031, "SI_POLICY_SIGNER",                   MANY(SIPA_RAW)         },
    { 0x00050032, "SI_POLICY_UPDATE_SIGNER",            MANY(SIPA_RAW)         },
    { 0x00050033, "REFS_VOLUME_CHECKPOINT",             PLAIN(SIPA_RAW)        },
    { 0x00050034, "REFS_FROZEN_CHECKSUM",               PLAIN(SIPA_RAW)        },
    { 0x00050035, "REFS_PAYLOAD_HASH",                  PLAIN(SIPA_RAW)        },
    { 0x00050036, "REFS_VERIFICATION_SUCCEEDED",        PLAIN(SIPA_RAW)        },
    { 0x00050037, "REFS_FIRST_MOUNT",                   PLAIN(SIPA_RAW)        },
    { 0x0005003A, "VSM_SEALED_SI_POLICY",               PLAIN(SIPA_RAW)        },
    { 0x0005003B, "VSM_DRTM_KEYROLL_DETECTED",          PLAIN(SIPA_RAW)        },
    { 0x0005003C, "VSM_SRTM_UNSEAL_POLICY",             PLAIN(SIPA_RAW)        },
    { 0x0005003D, "VSM_SRTM_ANTI_ROLLBACK_COUNTER",     PLAIN(SIPA_RAW)        },
    { 0x00050040, "VTL1_DUMP_CONFIG",                   PLAIN(SIPA_RAW)        },
    { 0x00060001, "NOAUTHORITY",                        PLAIN(SIPA_RAW)        },
    { 0x00060002, "AUTHORITYPUBKEY",                    MANY(SIPA_RAW)         },
    { 0x00070001, "FILEPATH",                           PLAIN(SIPA_TEXT)       },
    { 0x00070002, "IMAGESIZE",                          PLAIN(SIPA_INT)        },
    { 0x00070003, "HASHALGORITHMID",                    PLAIN(SIPA_INT)        },
    { 0x00070004, "AUTHENTICODEHASH",                   PLAIN(SIPA_RAW)        },
    { 0x00070005, "AUTHORITYISSUER",                    PLAIN(SIPA_TEXT)       },
    { 0x00070006, "AUTHORITYSERIAL",                    PLAIN(SIPA_RAW)        },
    { 0x00070007, "IMAGEBASE",                          PLAIN(SIPA_INT)        },
    { 0x00070008, "AUTHORITYPUBLISHER",                 PLAIN(SIPA_TEXT)       },
    { 0x00070009, "AUTHORITYSHA1THUMBPRINT",            PLAIN(SIPA_RAW)        },
    { 0x0007000A, "IMAGEVALIDATED",                     PLAIN(SIPA_BOOL)       },
    { 0x0007000B, "MODULE_SVN",                         PLAIN(SIPA_INT)        },
    { 0x0007000C, "MODULE_PLUTON",                      PLAIN(SIPA_BOOL)       },
    { 0x0007000D, "MODULE_ORIGINAL_FILENAME",           PLAIN(SIPA_TEXT)       },
    { 0x0007000E, "MODULE_VERSION",                     PLAIN(SIPA_INT)        },
    { 0x0007000F, "PUBLISHER_OEMNAME",                  PLAIN(SIPA_TEXT)       },
    { 0x00090001, "ELAM_KEYNAME",                       PLAIN(SIPA_TEXT)       },
    { 0x00090002, "ELAM_CONFIGURATION",                 PLAIN(SIPA_RAW)        },
    { 0x00090003, "ELAM_POLICY",                        PLAIN(SIPA_RAW)        },
    { 0x00090004, "ELAM_MEASURED",                      PLAIN(SIPA_RAW)        },
    { 0x000A0001, "VBS_VSM_REQUIRED",                   PLAIN(SIPA_BOOL)       },
    { 0x000A0002, "VBS_SECUREBOOT_REQUIRED",            PLAIN(SIPA_BOOL)       },
    { 0x000A0003, "VBS_IOMMU_REQUIRED",                 PLAIN(SIPA_BOOL)       },
    { 0x000A0004, "VBS_MMIO_NX_REQUIRED",               PLAIN(SIPA_BOOL)       },
    { 0x000A0005, "VBS_MSR_FILTERING_REQUIRED",         PLAIN(SIPA_BOOL)       },
    { 0x000A0006, "VBS_MANDATORY_ENFORCEMENT",          PLAIN(SIPA_BOOL)       },
    { 0x000A0007, "VBS_HVCI_POLICY",                    WORDS(hvci_words)      },
    { 0x000A0008, "VBS_MICROSOFT_BOOT_CHAIN_REQUIRED",  PLAIN(SIPA_BOOL)       },
    { 0x000A0009, "VBS_DUMP_USES_AMEROOT",              PLAIN(SIPA_BOOL)       },
    { 0x000A000A, "VBS_VSM_NOSECRETS_ENFORCED",         PLAIN(SIPA_BOOL)       },
    { 0x000B0001, "KSR_SIGNATURE",                      MANY(SIPA_RAW)         },
    { 0x000C0001, "DRTM_STATE_AUTH",                    PLAIN(SIPA_RAW)        },
    { 0x000C0002, "DRTM_SMM",                           PLAIN(SIPA_BARE)       },
    { 0x000C0003, "DRTM_AMD_SMM_HASH",                  PLAIN(SIPA_RAW)        },
    { 0x000C0004, "DRTM_AMD_SMM_SIGNER_KEY",            PLAIN(SIPA_RAW)        },
    { 0x40010001, "TRUSTBOUNDARY",                      PLAIN(SIPA_RECORDS)    },
    { 0x40010002, "ELAM_AGGREGATION",                   PLAIN(SIPA_RECORDS)    },
    { 0x40010003, "LOADEDMODULE_AGGREGATION",           MANY(SIPA_RECORDS)     },
    { 0x40010005, "KSR_AGGREGATION",                    MANY(SIPA_RECORDS)     },
    { 0x40010006, "KSR_SIGNED_MEASUREMENT_AGGREGATION", MANY(SIPA_RECORDS)     },
    { 0x80030002, "TPMFAILURE",                         PLAIN(SIPA_RAW)        },
    { 0x80030004, "KSRFAILURE",                         PLAIN(SIPA_RAW)        },
    { 0x80080001, "QUOTE",                              PLAIN(SIPA_RAW)        },
    { 0x80080002, "QUOTESIGNATURE",                     PLAIN(SIPA_RAW)        },
    { 0x80080003, "AIKID",                              PLAIN(SIPA_TEXT)       },
    { 0x80080004, "AIKPUBDIGEST",                       PLAIN(SIPA_RAW)        },
    { 0xC0010004, "TRUSTPOINT_AGGREGATION",             PLAIN(SIPA_RECORDS)    },
};
/* clang-format on */
const size_t sipa_def_count = COUNT(sipa_defs);

const struct sipa_def *sipa_def_find(uint32_t id)
{
    size_t low = 0, high = sipa_def_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (sipa_defs[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sipa_def_count && sipa_defs[low].id == id ? &sipa_defs[low] : NULL;
}
