/*
 * library_test - a program of somebody else: it sees <cupel/cupel.h> and nothing more of ours
 *
 * usage: library_test LAB, a folder of `cupel lab make sgx`; prints TAP. Built against the tree in
 * the ordinary tests, and through pkg-config against what was installed.
 */
#include <cupel/cupel.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAB_NOON = 1705320000 /* 2024-01-15T12:00:00Z, when the lab's base is judged */ };

struct machine {
    struct cupel_request request;
    struct cupel_bytes root;
    unsigned char *quote;
};

static struct cupel_bytes load(const char *dir, const char *name)
{
    static unsigned char room[1 << 20]; /* for everything that is loaded */
    static size_t used;
    struct cupel_bytes b = { .p = room + used };
    char path[512];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "rb");
    if (!f) {
        printf("Bail out! cannot read %s\n", path);
        exit(1);
    }
    b.n = fread(room + used, 1, sizeof room - used, f);
    used += b.n;
    fclose(f);
    return b;
}

/* The public key of a P-256 certificate: what follows "a bit string of 66 bytes, none unused, an
 * uncompressed point". */
static struct cupel_bytes point_of(struct cupel_bytes certificate)
{
    static const unsigned char head[] = { 0x03, 0x42, 0x00, 0x04 };
    const unsigned char *p = certificate.p;

    for (size_t i = 0; i + sizeof head + 64 <= certificate.n; i++)
        if (memcmp(p + i, head, sizeof head) == 0)
            return (struct cupel_bytes){ p + i + sizeof head, 64 };
    return (struct cupel_bytes){ 0 };
}

static struct machine load_machine(const char *lab)
{
    char dir[512];
    struct machine m = { .root = point_of(load(lab, "root.der")) };
    struct cupel_collateral *c = &m.request.collateral;

    snprintf(dir, sizeof dir, "%s/collateral", lab);
    m.request.kind = CUPEL_SGX;
    m.request.at = LAB_NOON;
    m.request.evidence = load(lab, "quote.bin");
    m.quote = (unsigned char *)(size_t)m.request.evidence.p;
    m.request.runtime_data = load(lab, "runtime.bin");
    c->tcb_info = load(dir, "tcb_info.json");
    c->tcb_info_issuer_chain = load(dir, "tcb_info_issuer_chain.pem");
    c->qe_identity = load(dir, "qe_identity.json");
    c->qe_identity_issuer_chain = load(dir, "qe_identity_issuer_chain.pem");
    c->pck_crl = load(dir, "pck_crl.der");
    c->pck_crl_issuer_chain = load(dir, "pck_crl_issuer_chain.pem");
    c->root_ca_crl = load(dir, "root_ca_crl.der");
    return m;
}

static int count, wrong;

static void say(const char *name, int holds)
{
    printf("%s %d %s\n", holds ? "ok" : "not ok", ++count, name);
    wrong += !holds;
}

/* Judges; says whether the word, the reason and a part of the JSON are as wanted. */
static void expect(struct cupel *c, const char *name, const struct cupel_request *r,
                   enum cupel_word word, const char *reason, const char *part)
{
    struct cupel_verdict v;
    char trouble[256] = "";
    int holds = cupel_appraise(c, r, &v, trouble, sizeof trouble) && v.word == word &&
                !v.reason == !reason && (!reason || strcmp(v.reason, reason) == 0) &&
                strstr(v.json, part) != NULL;

    if (!holds)
        printf("# %s%s\n", trouble, v.json ? v.json : "");
    say(name, holds);
    cupel_verdict_free(&v);
}

static void expect_trouble(struct cupel *c, const char *name, const struct cupel_request *r)
{
    struct cupel_verdict v;
    char trouble[256] = "";

    say(name, !cupel_appraise(c, r, &v, trouble, sizeof trouble) && trouble[0] != '\0' &&
                  v.word == CUPEL_REFUSE && !v.json);
    cupel_verdict_free(&v);
}

static struct cupel_bytes text(const char *s)
{
    return (struct cupel_bytes){ s, strlen(s) };
}

#define POLICY(verb) "version=1.0;\nauthorizationrules {\n=> " verb "();\n};\nissuancerules {};\n"

#define BASELINE(id)                                                                               \
    "version=1.1; configurationrules{=> issueproperty(type=\"x-ms-sgx-tcbidentifier\", "           \
    "value=\"" id "\");}; authorizationrules{=> permit();}; issuancerules{};"

static void run(struct cupel *c, struct machine *m)
{
    struct cupel_request r = m->request;

    expect(c, "the vendor's roots alone refuse a lab", &r, CUPEL_REFUSE, "untrusted_root",
           "\"verdict\":\"refuse\"");
    r.insecure_other_roots = &m->root;
    r.insecure_other_root_count = 1;
    expect(c, "a lab's root by name accepts it", &r, CUPEL_PERMIT, NULL, "x-ms-sgx-mrenclave");
    r.policy = text(POLICY("permit"));
    expect(c, "a policy permits", &r, CUPEL_PERMIT, NULL, "\"policy_hash\":\"");
    r.policy = text(POLICY("deny"));
    expect(c, "a policy denies, and the evidence is not refused", &r, CUPEL_DENY, NULL,
           "\"verdict\":\"deny\"");
    r.policy = text(BASELINE("16"));
    expect(c, "a policy asks for the baseline that is held", &r, CUPEL_PERMIT, NULL,
           "asked for as 16");
    r.policy = text(BASELINE("17"));
    expect(c, "a policy asks for a baseline that is not held", &r, CUPEL_REFUSE,
           "tcb_baseline_not_met", "\\\"17\\\"");
    r.policy = text("version=1.0; nonsense");
    expect_trouble(c, "a policy that does not compile is trouble, not a verdict", &r);
    r.policy = (struct cupel_bytes){ 0 };
    r.profile = (enum cupel_profile)4;
    expect_trouble(c, "a profile that there is not is trouble", &r);
    r.profile = m->request.profile;
    r.kind = (enum cupel_kind)2;
    expect_trouble(c, "a kind that there is not is trouble", &r);
    r.kind = m->request.kind;
    r.runtime_data = text("other data");
    expect(c, "other runtime data are refused", &r, CUPEL_REFUSE, "runtime_data_mismatch",
           "\"code\":\"untrusted\"");
    r.runtime_data = m->request.runtime_data;
    r.at = (int64_t)LAB_NOON + 20LL * 365 * 86400;
    expect(c, "twenty years later it is refused", &r, CUPEL_REFUSE, "certificate_expired",
           "\"verdict\":\"refuse\"");
    r.at = LAB_NOON;
    r.collateral.tcb_info = (struct cupel_bytes){ 0 };
    expect(c, "without TCB info it is refused", &r, CUPEL_REFUSE, "collateral_unavailable",
           "\"code\":\"missing\"");
    r.collateral.tcb_info = m->request.collateral.tcb_info;
    m->quote[112] ^= 1;
    expect(c, "one flipped bit of the measurement is refused", &r, CUPEL_REFUSE, "quote_signature",
           "\"verdict\":\"refuse\"");
    m->quote[112] ^= 1;
    r.insecure_other_roots = &r.evidence;
    expect_trouble(c, "a root that is no point is trouble, not a verdict", &r);
}

int main(int argc, char **argv)
{
    struct cupel *c = cupel_new();
    struct machine m;

    if (argc != 2 || !c)
        return 64;
    m = load_machine(argv[1]);
    run(c, &m);
    say("the version is one of three numbers", strchr(cupel_version(), '.') != NULL);
    cupel_free(c);
    cupel_free(NULL);
    printf("1..%d\n", count);
    return wrong != 0;
}
