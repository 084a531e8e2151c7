#include "disk.h"

#include "../host/file.h"

/* clang-format off */
static const struct {
    const char *name;
    size_t member;
} parts[] = {
    { "tcb_info.json",                offsetof(struct dcap_collateral_files, tcb_info) },
    { "tcb_info_issuer_chain.pem",    offsetof(struct dcap_collateral_files, tcb_info_issuer_chain) },
    { "qe_identity.json",             offsetof(struct dcap_collateral_files, qe_identity) },
    { "qe_identity_issuer_chain.pem", offsetof(struct dcap_collateral_files, qe_identity_issuer_chain) },
    { "pck_crl.der",                  offsetof(struct dcap_collateral_files, pck_crl) },
    { "pck_crl_issuer_chain.pem",     offsetof(struct dcap_collateral_files, pck_crl_issuer_chain) },
    { "root_ca_crl.der",              offsetof(struct dcap_collateral_files, root_ca_crl) },
};
/* clang-format on */

bool collateral_read_dir(const char *dir, struct arena *a, struct dcap_collateral_files *out,
                         struct err *err)
{
    struct dcap_collateral_files files = { 0 };
    size_t found = 0;

    if (!file_is_dir(dir))
        return err_fail(err, ERR_MISSING, NULL, "%.120s is not a folder", dir);
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct span *part = (struct span *)(void *)((uint8_t *)&files + parts[i].member);
        const char *path = file_join(a, dir, parts[i].name);

        if (!path)
            return arena_fail(a, err);
        if (!file_read_optional(path, COLLATERAL_FILE_MAX, a, part, err))
            return err_in(err, parts[i].name);
        found += part->n > 0;
    }
    if (found == 0)
        return err_fail(err, ERR_MISSING, NULL,
                        "%.120s holds no collateral: tcb_info.json, qe_identity.json, ...", dir);
    *out = files;
    return true;
}
