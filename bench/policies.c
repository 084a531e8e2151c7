#include "policies.h"

#include "../src/policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void needs(bool held)
{
    if (held)
        return;
    fprintf(stderr, "bench-policy: out of memory\n");
    exit(70);
}

static void add_integers(struct claim_set *set, const char *name, int64_t from, int64_t count)
{
    struct err e = { 0 };

    for (int64_t i = from; i < from + count; i++)
        needs(claim_add_int(set, name, i, &e));
}

static void add_text(struct claim_set *set, const char *name, struct span text)
{
    struct err e = { 0 };

    needs(claim_add_string(set, name, text, &e));
}

/* Claims k0, k1, ... with an integer each. */
static void add_numbered(struct arena *a, struct claim_set *set, int count)
{
    for (int i = 0; i < count; i++) {
        char *name = arena_alloc(a, 1, 8);

        needs(name != NULL);
        snprintf(name, 8, "k%d", i);
        add_integers(set, name, i % 40, 1);
    }
}

static struct policy_bench bench_of(struct arena *a, const char *name, struct span text)
{
    return (struct policy_bench){ .name = name, .text = text, .claims = claim_set_in(a) };
}

/* what operators write */

static struct span rules_of_three(struct arena *a, int n)
{
    struct writer w = writer_in(a, 1 << 17);

    write_text(&w, "version=1.0;authorizationrules{");
    for (int i = 0; i < n; i++)
        write_format(&w,
                     "[type==\"k%d\",value==1]&&c:[type==\"k%d\",value>42]&&[type==\"k%d\"]=>"
                     "permit();",
                     i % 200, (i * 7) % 200, (i * 13) % 200);
    write_text(&w, "=>permit();};");
    return writer_span(&w);
}

/* 200 rules that all fire: half of them copy a claim, a quarter join two, a quarter compute. */
static struct span rules_that_fire(struct arena *a)
{
    struct writer w = writer_in(a, 1 << 16);

    write_text(&w, "version=1.2;authorizationrules{");
    for (int i = 0; i < 20; i++)
        write_format(&w, "[type==\"k%d\",value<0]=>deny();", i);
    write_text(&w, "=>permit();};issuancerules{");
    for (int i = 0; i < 90; i++)
        write_format(&w,
                     "c:[type==\"k%d\",issuer==\"AttestationService\"]=>issue(type=\"o%d\",value="
                     "c.value);",
                     i, i);
    for (int i = 0; i < 45; i++)
        write_format(&w,
                     "c:[type==\"k%d\"]&&[type==\"k%d\",value>=c.value]=>add(type=\"j%d\",value="
                     "true);",
                     i, i + 40, i);
    for (int i = 0; i < 44; i++)
        write_format(&w, "c:[type==\"j%d\"]=>issue(type=\"n%d\",value=NegateBool(c.value));", i, i);
    write_text(&w, "};");
    return writer_span(&w);
}

/* A measured-boot log of about 150 kB: 400 events, of which some matter to the rules. */
static struct span made_log(struct arena *a)
{
    static const char *const facts[] = { "\"EVENT_BOOTDEBUGGING\":false", "\"EVENT_WINPE\":false",
                                         "\"EVENT_CODEINTEGRITY\":true",
                                         "\"EVENT_TESTSIGNING\":false",
                                         "\"EVENT_APPLICATION_SVN\":7" };
    struct writer w = writer_in(a, 1 << 18);

    write_text(&w, "{\"Events\":[");
    for (int i = 0; i < 400; i++) {
        write_format(
            &w,
            "%s{\"EventSeq\":%d,\"PcrIndex\":%d,\"EventTypeString\":\"%s\",\"EventType\":%d,"
            "\"Digests\":{\"SHA1\":\"%040d\",\"SHA256\":\"%064d\"},\"ProcessedData\":",
            i ? "," : "", i, i % 15,
            i % 3 == 0    ? "EV_EVENT_TAG"
            : i % 50 == 7 ? "EV_SEPARATOR"
                          : "EV_EFI_VARIABLE_DRIVER_CONFIG",
            i % 3 ? 4 : 6, i, i);
        if (i % 3 == 0)
            write_format(&w,
                         "{\"EVENT_TRUSTBOUNDARY\":{%s,\"EVENT_LOADEDMODULE_AGGREGATION\":[{"
                         "\"EVENT_FILEPATH\":\"\\\\Windows\\\\System32\\\\drivers\\\\d%d.sys\","
                         "\"EVENT_IMAGEVALIDATED\":true,\"EVENT_MODULE_SVN\":%d}]}}}",
                         facts[i / 3 % (int)COUNT(facts)], i, i);
        else
            write_format(&w,
                         "{\"VariableGuid\":\"%08X-0000-11D2-0000-00E098032B8C\",\"UnicodeName\":"
                         "\"Boot%04d\",\"VariableData\":\"AQ\"}}",
                         (unsigned)i, i);
    }
    write_text(&w, "]}");
    return writer_span(&w);
}

/* The Boolean facts of a trust boundary: a set is collected, reduced, and has a fallback. */
static void write_facts(struct writer *w)
{
    static const struct {
        const char *name, *event, *wanted;
    } facts[] = {
        { "codeIntegrity", "CODEINTEGRITY", "true" },
        { "noBootDebugging", "BOOTDEBUGGING", "false" },
        { "noKernelDebugging", "OSKERNELDEBUG", "false" },
        { "noTestSigning", "TESTSIGNING", "false" },
        { "noFlightSigning", "FLIGHTSIGNING", "false" },
        { "iommu", "VBS_IOMMU_REQUIRED", "true" },
        { "noSafeMode", "SAFEMODE", "false" },
        { "noWinPe", "WINPE", "false" },
        { "vsm", "VBS_VSM_REQUIRED", "true" },
        { "mandatory", "VBS_MANDATORY_ENFORCEMENT", "true" },
    };

    for (size_t i = 0; i < COUNT(facts); i++)
        write_format(
            w,
            "c:[type==\"boundary\", issuer==\"AttestationPolicy\"] => add(type=\"%sSet\", value="
            "JsonToClaimValue(JmesPath(c.value, \"[*].EVENT_%s\")));\n"
            "c:[type==\"%sSet\", issuer==\"AttestationPolicy\"] => issue(type=\"%s\", value="
            "ContainsOnlyValue(c.value, %s));\n"
            "![type==\"%s\", issuer==\"AttestationPolicy\"] => issue(type=\"%s\", value=false);\n",
            facts[i].name, facts[i].event, facts[i].name, facts[i].name, facts[i].wanted,
            facts[i].name, facts[i].name);
}

/* Single values straight from the log. */
static void write_lists(struct writer *w)
{
    static const char *const lists[] = { "OS_REVOCATION_LIST", "BOOT_REVOCATION_LIST",
                                         "SI_POLICY[]",        "DRIVER_LOAD_POLICY",
                                         "SMT_STATUS",         "ELAM_POLICY" };

    for (size_t i = 0; i < COUNT(lists); i++)
        write_format(
            w,
            "c:[type==\"events\", issuer==\"AttestationService\"] => issue(type=\"list%zu\", "
            "value=JsonToClaimValue(JmesPath(c.value, \"Events[? EventTypeString == "
            "'EV_EVENT_TAG' && PcrIndex == `13`].ProcessedData.EVENT_TRUSTBOUNDARY.EVENT_%s"
            " | @[0]\")));\n![type==\"list%zu\"] => issue(type=\"list%zu\", value=0);\n",
            i, lists[i], i, i);
}

/* A search whose query is put together from earlier answers. */
static void write_searches(struct writer *w)
{
    for (int i = 0; i < 6; i++)
        write_format(
            w,
            "c:[type==\"seq%d\", value!=\"null\", issuer==\"AttestationPolicy\"] => add("
            "type=\"clause%d\", value=AppendString(AppendString(\"Events[? EventSeq > `\", "
            "c.value), "
            "\"` && EventTypeString == 'EV_EVENT_TAG' && PcrIndex == `12`] | @[%d].EventSeq\"));\n"
            "[type==\"seq%d\", value==\"null\"] => add(type=\"clause%d\", "
            "value=\"Events[0].EventSeq"
            "\");\n"
            "c1:[type==\"clause%d\", issuer==\"AttestationPolicy\"] && c2:[type==\"events\", "
            "issuer==\"AttestationService\"] => add(type=\"seq%d\", value=JmesPath(c2.value, "
            "c1.value));\n",
            i, i, i % 3, i, i, i, i + 1);
}

/* 70 rules in the manner of a device-health policy: the same questions of the same log, asked the
 * way published policies ask them. */
static struct span health_policy(struct arena *a)
{
    struct writer w = writer_in(a, 1 << 14);

    write_text(
        &w, "version=1.2;\nconfigurationrules {\n};\nauthorizationrules {\n=> permit();\n};\n"
            "issuancerules {\n"
            "c:[type==\"events\", issuer==\"AttestationService\"] => add(type=\"variables\", "
            "value=JmesPath(c.value, \"Events[?EventTypeString == 'EV_EFI_VARIABLE_DRIVER_CONFIG'"
            " && ProcessedData.VariableGuid == '8BE4DF61-93CA-11D2-AA0D-00E098032B8C']\"));\n"
            "c:[type==\"variables\", issuer==\"AttestationPolicy\"] => issue(type=\"secureBoot\","
            " value=JsonToClaimValue(JmesPath(c.value, \"[?ProcessedData.UnicodeName == "
            "'SecureBoot'] | length(@) == `1` && @[0].ProcessedData.VariableData == 'AQ'\")));\n"
            "![type==\"secureBoot\"] => issue(type=\"secureBoot\", value=false);\n"
            "c:[type==\"events\", issuer==\"AttestationService\"] => add(type=\"boundary\", "
            "value=JmesPath(c.value, \"Events[? EventTypeString == 'EV_EVENT_TAG' && (PcrIndex =="
            " `12` || PcrIndex == `13` || PcrIndex == `19` || PcrIndex == `20`)].ProcessedData."
            "EVENT_TRUSTBOUNDARY\"));\n"
            "c:[type==\"boundary\", issuer==\"AttestationPolicy\"] => add(type=\"driver\", value="
            "JsonToClaimValue(JmesPath(c.value, \"[*].EVENT_LOADEDMODULE_AGGREGATION[] | [? "
            "EVENT_IMAGEVALIDATED == `true` && (equals_ignore_case(EVENT_FILEPATH, '\\\\windows"
            "\\\\system32\\\\drivers\\\\wdboot.sys') || equals_ignore_case(EVENT_FILEPATH, "
            "'\\\\windows\\\\system32\\\\drivers\\\\wd\\\\wdboot.sys'))] | length(@) > `0`\")));\n"
            "[type==\"driver\", value==true] => issue(type=\"driverLoaded\", value=true);\n"
            "![type==\"driverLoaded\"] => issue(type=\"driverLoaded\", value=false);\n"
            "c:[type==\"events\", issuer==\"AttestationService\"] => add(type=\"seq0\", value="
            "JmesPath(c.value, \"Events[? EventTypeString == 'EV_SEPARATOR' && (PcrIndex == `12` "
            "|| PcrIndex == `13` || PcrIndex == `14`)] | @[0].EventSeq\"));\n");
    write_facts(&w);
    write_lists(&w);
    write_searches(&w);
    write_text(&w, "c:[type==\"seq6\"] => issue(type=\"last\", value=JsonToClaimValue(c.value));\n"
                   "![type==\"last\"] => issue(type=\"last\", value=0);\n};\n");
    needs(!w.has_failed);
    return writer_span(&w);
}

static void write_join(struct policy_bench *b)
{
    b->text = span_str("version=1.0;authorizationrules{=>permit();};issuancerules{a:[type==\"l\"]"
                       "&&b:[type==\"r\",value==a.value]=>add(type=\"z\",value=b.value);};");
    for (int64_t i = 0; i < 1000; i++) {
        add_integers(&b->claims, "l", i, 1);
        add_integers(&b->claims, "r", i * 2, 1);
    }
}

size_t usual_policies(struct arena *a, struct span events, struct policy_bench *out)
{
    static const char *const sgx[] = { "x-ms-sgx-is-debuggable", "x-ms-sgx-mrsigner",
                                       "x-ms-sgx-mrenclave",     "x-ms-sgx-product-id",
                                       "x-ms-sgx-svn",           "x-ms-attestation-type" };
    size_t n = 0;

    out[n] = bench_of(a, "default SGX policy, 6 claims",
                      policy_default(span_str("SgxEnclave"), "azure"));
    for (size_t i = 0; i < COUNT(sgx); i++)
        add_integers(&out[n].claims, sgx[i], (int64_t)i, 1);
    n++;
    out[n] =
        bench_of(a, "deny rules, 25 guest claims", policy_default(span_str("AzureGuest"), "azure"));
    add_numbered(a, &out[n++].claims, 25);
    out[n] = bench_of(a, "200 rules that fire, 100 claims", rules_that_fire(a));
    add_numbered(a, &out[n++].claims, 100);
    out[n] = bench_of(a, "200 rules of three, 200 claims", rules_of_three(a, 200));
    add_numbered(a, &out[n++].claims, 200);
    out[n] = bench_of(a, "1000 rules of three, 200 claims", rules_of_three(a, 1000));
    add_numbered(a, &out[n++].claims, 200);
    out[n] = bench_of(a, "join of 1000 with 1000", (struct span){ 0 });
    write_join(&out[n++]);
    out[n] = bench_of(a, events.n ? "health, 70 rules, log given" : "health, 70 rules, made log",
                      health_policy(a));
    add_text(&out[n++].claims, "events", events.n ? events : made_log(a));
    return n;
}
