/* Advice about policies: what is found, what is not, and what silences it. */
#include "codes.h"
#include "lint.h"
#include "lint_inside.h"

#include "../../tests/check.h"

/* A policy of one section, of two, and in other versions. */
#define AUTH(rules)    "version=1.0;authorizationrules{" rules "};"
#define ISSUE(rules)   "version=1.0;authorizationrules{=>permit();};issuancerules{" rules "};"
#define AUTH_2(rules)  "version=1.2;authorizationrules{" rules "};"
#define ISSUE_2(rules) "version=1.2;authorizationrules{=>permit();};issuancerules{" rules "};"
#define CONFIGURE(rules)                                                                           \
    "version=1.1;configurationrules{" rules "};authorizationrules{=>permit();};"
#define QUERY(query)                                                                               \
    ISSUE_2("c:[type==\"events\",issuer==\"AttestationService\"]=>issue(type=\"x\",value="         \
            "JmesPath(c.value,\"" query "\"));")
#define SERVICE      ",issuer==\"AttestationService\""
#define POLICY       ",issuer==\"AttestationPolicy\""
#define CLIENT       ",issuer==\"CustomClaim\""
#define HEX_64       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX_64_UPPER "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"

enum { SGX = KNOWN_SGX, TPM = KNOWN_TPM, VBS = KNOWN_VBS, TDX = KNOWN_TDX, GUEST = KNOWN_GUEST };

/* clang-format off */
static const struct row { const char *code, *name; unsigned types; bool fires; const char *text; } rows[] = {
    { "L601", "a rule behind an unconditional deny",        0, true,  AUTH("=>deny();[type==\"a\"]=>permit();") },
    { "L601", "a deny that always fires, by negation",      0, true,  AUTH_2("![value==1,value==2]=>deny();=>permit();") },
    { "L601", "a conditional deny",                         0, false, AUTH("[type==\"a\"]=>deny();=>permit();") },
    { "L601", "an unconditional deny at the end",           0, false, AUTH("=>permit();=>deny();") },

    { "L602", "two names for one claim",                    0, true,  AUTH("[type==\"a\",type==\"b\"]=>permit();") },
    { "L602", "two values",                                 0, true,  AUTH("[type==\"a\",value==1,value==2]=>permit();") },
    { "L602", "equal and different",                        0, true,  AUTH("[type==\"a\",value==1,value!=1]=>permit();") },
    { "L602", "an empty range",                             0, true,  AUTH("[type==\"a\",value>3,value<4]=>permit();") },
    { "L602", "a range of excluded values",                 0, true,  AUTH("[type==\"a\",value>=3,value<=4,value!=3,value!=4]=>permit();") },
    { "L602", "below the least integer",                    0, true,  AUTH("[type==\"a\",value< -9223372036854775808]=>permit();") },
    { "L602", "above the greatest integer",                 0, true,  AUTH("[type==\"a\",value>9223372036854775807]=>permit();") },
    { "L602", "neither true nor false, and a Boolean",      0, true,  AUTH("[valueType==\"Boolean\",value!=true,value!=false]=>permit();") },
    { "L602", "a value of another type",                    0, true,  AUTH("[valueType==\"String\",value==3]=>permit();") },
    { "L602", "none of the three issuers",                  0, true,  AUTH("[type==\"a\",issuer!=\"AttestationService\",issuer!=\"AttestationPolicy\",issuer!=\"CustomClaim\"]=>permit();") },
    { "L602", "an issuer that does not exist",              0, true,  AUTH("[type==\"a\",issuer==\"Attestation\"]=>permit();") },
    { "L602", "an empty name",                              0, true,  AUTH("[type==\"\"]=>permit();") },
    { "L602", "a range with one integer left",              0, false, AUTH("[type==\"a\",value>=3,value<=4,value!=3]=>permit();") },
    { "L602", "neither true nor false, of any type",        0, false, AUTH("[type==\"a\",value!=true,value!=false]=>permit();") },
    { "L602", "the same value twice",                       0, false, AUTH("[type==\"a\",value==1,value==1,value>=1]=>permit();") },
    { "L602", "a value that another claim decides",         0, false, AUTH("c:[type==\"a\"]&&[type==\"b\",value>c.value,value<2]=>permit();") },

    { "L603", "a slip in a claim's name",                 SGX, true,  AUTH("[type==\"x-ms-sgx-is-debugable\",value==false]=>permit();") },
    { "L603", "a claim of another type of evidence",      SGX, true,  AUTH("[type==\"tpmVersion\"]=>permit();") },
    { "L603", "a claim only of the token",                SGX, true,  AUTH("[type==\"x-ms-sgx-ehd\"]=>permit();") },
    { "L603", "a claim that no rule makes",                 0, true,  AUTH("[type==\"mine\"" POLICY "]=>permit();") },
    { "L603", "a fact that the service does not know",    TPM, true,  AUTH("[type==\"mine\"" SERVICE "]=>permit();") },
    { "L603", "a claim that an earlier rule makes",       SGX, false, AUTH("=>add(type=\"mine\",value=1);[type==\"mine\"]=>permit();") },
    { "L603", "a name that an earlier rule computes",     SGX, false, AUTH("c:[value==1]=>add(type=c.issuer,value=1);[type==\"mine\"]=>permit();") },
    { "L603", "a claim of the client",                    TPM, false, AUTH("[type==\"mine\"" CLIENT "]=>permit();") },
    { "L603", "what may be a client's",                   TPM, false, AUTH("[type==\"minimum\",value<=3]=>permit();") },
    { "L603", "a known claim",                            SGX, false, AUTH("[type==\"x-ms-sgx-svn\",value>=3]=>permit();") },

    { "L604", "a name of 2020",                             0, true,  AUTH("[type==\"$svn\",value>=3]=>permit();") },
    { "L604", "another spelling of the VBS report",       TPM, true,  AUTH("[type==\"vsmReportPresent\"" SERVICE "]=>permit();") },
    { "L604", "a name of today",                            0, false, AUTH("[type==\"x-ms-sgx-svn\",value>=3]=>permit();") },
    { "L604", "a claim of the policy of that name",         0, false, AUTH("=>add(type=\"$svn\",value=1);[type==\"$svn\"" POLICY "]=>permit();") },

    { "L605", "a fact anybody may state",                 TPM, true,  AUTH("[type==\"secureBootEnabled\",value==true]=>permit();") },
    { "L605", "a denial that a client undoes",            TPM, true,  AUTH_2("![type==\"secureBootEnabled\",value==true]=>deny();=>permit();") },
    { "L605", "a denial that a client only brings on",    TPM, false, AUTH("[type==\"secureBootEnabled\",value==false]=>deny();=>permit();") },
    { "L605", "a fact of the service",                    TPM, false, AUTH("[type==\"secureBootEnabled\",value==true" SERVICE "]=>permit();") },
    { "L605", "evidence without client claims",           SGX, false, AUTH("[type==\"x-ms-sgx-svn\",value>=3]=>permit();") },
    { "L605", "no issuer but a claim of the policy",      TPM, false, AUTH("=>add(type=\"vbsEnabled\",value=true);[type==\"vbsEnabled\"]=>permit();") },

    { "L606", "no rules",                                   0, true,  AUTH("") },
    { "L606", "deny all",                                   0, true,  AUTH("=>permit();=>deny();") },
    { "L606", "a permit that cannot fire",                  0, true,  AUTH("[value==1,value==2]=>permit();") },
    { "L606", "a permit",                                   0, false, AUTH("[type==\"a\"]=>permit();") },

    { "L607", "a list of denials",                        GUEST, true,  AUTH("[type==\"secureboot\",value==false]=>deny();=>permit();") },
    { "L607", "a list of denials with presence",          GUEST, false, AUTH_2("[type==\"secureboot\",value==false]=>deny();![type==\"secureboot\"]=>deny();=>permit();") },
    { "L607", "a conditional permit",                     GUEST, false, AUTH("[type==\"secureboot\",value==false]=>deny();[type==\"secureboot\"]=>permit();") },
    { "L607", "a denial of a client's claim",               TPM, false, AUTH("[type==\"banned\"" CLIENT "]=>deny();=>permit();") },

    { "L608", "nothing about debugging",                  SGX, true,  AUTH("[type==\"x-ms-sgx-svn\",value>=3]=>permit();") },
    { "L608", "a type that the claims tell",                0, true,  AUTH("[type==\"x-ms-sgx-svn\",value>=3]=>permit();") },
    { "L608", "the claim need only exist",                  0, true,  AUTH("[type==\"x-ms-sgx-is-debuggable\"]=>permit();") },
    { "L608", "debugging looked at too late",             SGX, true,  ISSUE("[type==\"x-ms-sgx-is-debuggable\",value==true]=>issue(type=\"d\",value=1);") },
    { "L608", "the debug claim",                          SGX, false, AUTH("[type==\"x-ms-sgx-is-debuggable\",value==false]=>permit();") },
    { "L608", "the debug claim, handed on",               SGX, false, AUTH_2("c:[type==\"x-ms-sgx-is-debuggable\"]=>add(type=\"ok\",value=NegateBool(c.value));[type==\"ok\",value==true]=>permit();") },
    { "L608", "any claim",                                SGX, false, AUTH("[value==true]=>deny();=>permit();") },
    { "L608", "a type that nothing tells",                  0, false, AUTH("=>permit();") },
    { "L608", "refused anyway",                           SGX, false, AUTH("=>deny();") },
    { "L608", "the event log asked for debugging",        TPM, false, AUTH_2("c:[type==\"events\"" SERVICE "]=>add(type=\"d\",value=JmesPath(c.value,\"Events[].EVENT_BOOTDEBUGGING\"));[type==\"d\",value==\"[]\"]=>permit();") },

    { "L609", "a fallback before its rule",                 0, true,  ISSUE_2("![type==\"sb\"]=>issue(type=\"sb\",value=false);c:[type==\"vbsEnabled\"]=>issue(type=\"sb\",value=c.value);") },
    { "L609", "a fallback for a name the service has, too", 0, true,  ISSUE_2("![type==\"vbsEnabled\"" POLICY "]=>issue(type=\"vbsEnabled\",value=false);[type==\"aikValidated\"]=>issue(type=\"vbsEnabled\",value=true);") },
    { "L609", "a fallback behind its rule",                 0, false, ISSUE_2("c:[type==\"vbsEnabled\"]=>issue(type=\"sb\",value=c.value);![type==\"sb\"]=>issue(type=\"sb\",value=false);") },

    { "L610", "a projection compared with null",            0, true,  QUERY("Events[?PcrIndex == `7`] | @ != `null`") },
    { "L610", "null on the left",                           0, true,  QUERY("`null` != Events[*].x") },
    { "L610", "a bare null",                                0, true,  QUERY("Events[].x == null") },
    { "L610", "a filter that says yes",                     0, true,  QUERY("Events[?`true`]") },
    { "L610", "a filter with or and a bare value",          0, true,  QUERY("Events[?EventTypeString == 'a' || 'b']") },
    { "L610", "a filter that says no",                      0, true,  QUERY("Events[?PcrIndex == `1` && `false`]") },
    { "L610", "an element compared with null",              0, false, QUERY("Events[?PcrIndex == `7`] | @[0] != `null`") },
    { "L610", "a member compared with null in a filter",    0, false, QUERY("Events[?ProcessedData.x != `null`]") },
    { "L610", "a default value outside of a filter",        0, false, QUERY("Events[0].x || 'none'") },
    { "L610", "a length",                                   0, false, QUERY("Events[?PcrIndex == `7`] | length(@) > `0`") },

    { "L611", "a bare true",                                0, true,  QUERY("Events[?DataHashed == true]") },
    { "L611", "a bare null",                                0, true,  QUERY("Events[0] == null") },
    { "L611", "true in backticks",                          0, false, QUERY("Events[?DataHashed == `true`]") },
    { "L611", "a member of that name, behind a dot",        0, false, QUERY("Events[0].true") },
    { "L611", "a quoted name",                              0, false, QUERY("\\\"true\\\"") },

    { "L612", "a query that the client sends",            TPM, true,  ISSUE_2("e:[type==\"events\"" SERVICE "]&&c:[type==\"q\"" CLIENT "]=>issue(type=\"x\",value=JmesPath(e.value,c.value));") },
    { "L612", "a client's text between quotes",           TPM, true,  ISSUE_2("e:[type==\"events\"" SERVICE "]&&c:[type==\"q\"]=>issue(type=\"x\",value=JmesPath(e.value,AppendString(\"x == '\",c.value)));") },
    { "L612", "a client's text by way of a claim",        TPM, true,  ISSUE_2("c:[type==\"q\"" CLIENT "]=>add(type=\"z\",value=c.value);e:[type==\"events\"" SERVICE "]&&c:[type==\"z\"" POLICY "]=>issue(type=\"x\",value=JmesPath(e.value,c.value));") },
    { "L612", "a query from the log",                     TPM, false, ISSUE_2("c:[type==\"events\"" SERVICE "]=>add(type=\"z\",value=JmesPath(c.value,\"a\"));e:[type==\"events\"" SERVICE "]&&c:[type==\"z\"" POLICY "]=>issue(type=\"x\",value=JmesPath(e.value,c.value));") },
    { "L612", "a client's document",                      TPM, false, ISSUE_2("c:[type==\"q\"" CLIENT "]=>issue(type=\"x\",value=JmesPath(c.value,\"a\"));") },

    { "L613", "a function that does not exist",             0, true,  QUERY("lenght(Events)") },
    { "L613", "a function with two arguments too many",     0, true,  QUERY("Events[?length(@, @, @)]") },
    { "L613", "a function",                                 0, false, QUERY("length(Events)") },
    { "L613", "a function with any number of arguments",    0, false, QUERY("not_null(a, b, c)") },

    { "L614", "a name for nothing",                         0, true,  AUTH("c:[type==\"a\"]=>permit();") },
    { "L614", "a name used by the action",                  0, false, AUTH("c:[type==\"a\"]=>add(claim=c);=>permit();") },
    { "L614", "a name used by a condition",                 0, false, AUTH("c:[type==\"a\"]&&[value==c.value]=>permit();") },

    { "L615", "a rule twice, in another layout",            0, true,  AUTH("[type==\"a\",value==1]=>permit();[ type == \"a\" , value==1 ] => permit( );") },
    { "L615", "a rule twice, with another name",            0, true,  AUTH("c:[type==\"a\"]=>add(type=\"b\",value=c.value);d:[type==\"a\"]=>add(type=\"b\",value=d.value);=>permit();") },
    { "L615", "another value",                              0, false, AUTH("[type==\"a\",value==1]=>permit();[type==\"a\",value==2]=>permit();") },
    { "L615", "a rule that has more to see",                0, false, AUTH("c:[type==\"a\"]=>add(type=\"b\",value=c.value);=>add(type=\"a\",value=1);c:[type==\"a\"]=>add(type=\"b\",value=c.value);=>permit();") },
    { "L615", "a rule that feeds itself",                   0, false, ISSUE_2("c:[type==\"a\"]=>add(type=\"a\",value=AppendString(c.value,\"x\"));c:[type==\"a\"]=>add(type=\"a\",value=AppendString(c.value,\"x\"));") },
    { "L615", "the same in another section",                0, false, "version=1.0;authorizationrules{=>add(type=\"a\",value=1);=>permit();};issuancerules{=>add(type=\"a\",value=1);};" },

    { "L616", "upper-case hex",                             0, true,  AUTH("[type==\"x-ms-sgx-mrsigner\",value==\"" HEX_64_UPPER "\"]=>permit();") },
    { "L616", "a digit too few",                            0, true,  AUTH("[type==\"x-ms-sgx-mrsigner\",value==\"0123\"]=>permit();") },
    { "L616", "base64",                                     0, true,  AUTH("[type==\"tdx_mrtd\",value!=\"AQIDBA==\"]=>permit();") },
    { "L616", "a digest",                                   0, false, AUTH("[type==\"x-ms-sgx-mrsigner\",value==\"" HEX_64 "\"]=>permit();") },
    { "L616", "a claim that is no digest",                  0, false, AUTH("[type==\"x-ms-attestation-type\",value==\"SGX\"]=>permit();") },

    { "L617", "a number in quotes",                         0, true,  AUTH("[type==\"x-ms-sgx-svn\",value==\"3\"]=>permit();") },
    { "L617", "a Boolean in quotes",                        0, true,  AUTH("[type==\"x-ms-sgx-is-debuggable\",value==\"false\"]=>permit();") },
    { "L617", "an ordering of text",                        0, true,  AUTH("[type==\"x-ms-sgx-mrsigner\",value>=1]=>permit();") },
    { "L617", "another valueType",                          0, true,  AUTH("[type==\"x-ms-sgx-svn\",valueType==\"String\"]=>permit();") },
    { "L617", "a number",                                   0, false, AUTH("[type==\"x-ms-sgx-svn\",value==3,valueType==\"Integer\"]=>permit();") },
    { "L617", "a claim that the policy makes, too",         0, false, AUTH("=>add(type=\"x-ms-sgx-svn\",value=\"3\");[type==\"x-ms-sgx-svn\",value==\"3\"]=>permit();") },

    { "L618", "a validity for an enclave",                SGX, true,  ISSUE("=>issueproperty(type=\"report_validity_in_minutes\",value=60);") },
    { "L618", "a baseline for a TPM",                     TPM, true,  CONFIGURE("=>issueproperty(type=\"x-ms-sgx-tcbidentifier\",value=\"azuredefault\");") },
    { "L618", "a validity for a TPM",                     TPM, false, ISSUE("=>issueproperty(type=\"report_validity_in_minutes\",value=60);") },
    { "L618", "a type that nothing tells",                  0, false, ISSUE("=>issueproperty(type=\"report_validity_in_minutes\",value=60);") },

    { "L619", "the attestation type",                       0, true,  ISSUE("=>issue(type=\"x-ms-attestation-type\",value=\"mine\");") },
    { "L619", "a digest of our own",                      SGX, true,  ISSUE("=>issue(type=\"x-ms-sgx-mrsigner\",value=\"mine\");") },
    { "L619", "the service's own value",                  SGX, false, ISSUE("c:[type==\"x-ms-sgx-mrsigner\"]=>issue(claim=c);") },
    { "L619", "a name of our own",                        SGX, false, ISSUE("=>issue(type=\"mine\",value=1);") },
    { "L619", "a claim of other evidence",                SGX, false, ISSUE("=>issue(type=\"tdx_mrtd\",value=\"mine\");") },

    { "L620", "the PCRs",                                 TPM, true,  ISSUE_2("c:[type==\"pcrs\"" SERVICE "]=>issue(type=\"p\",value=c.value);") },
    { "L620", "what was computed from the PCRs",          TPM, true,  ISSUE_2("c:[type==\"pcrs\"" SERVICE "]=>add(type=\"p\",value=JmesPath(c.value,\"PCRs\"));c:[type==\"p\"" POLICY "]=>issue(type=\"q\",value=JsonToClaimValue(c.value));") },
    { "L620", "a copy of the PCRs",                       TPM, true,  ISSUE_2("c:[type==\"pcrs\"" SERVICE "]=>issue(claim=c);") },
    { "L620", "the PCRs only added",                      TPM, false, ISSUE_2("c:[type==\"pcrs\"" SERVICE "]=>add(type=\"p\",value=c.value);") },
    { "L620", "whether the PCRs hold a value",            TPM, false, ISSUE_2("c:[type==\"pcrs\"" SERVICE "]=>issue(type=\"p\",value=ContainsOnlyValue(c.value,\"x\"));![type==\"p\"]=>issue(type=\"p\",value=false);") },
    { "L620", "a claim that another rule makes openly",   TPM, false, ISSUE_2("c:[type==\"pcrs\"" SERVICE "]=>add(type=\"p\",value=c.value);=>add(type=\"p\",value=1);c:[type==\"p\"" POLICY "]=>issue(type=\"q\",value=c.value);") },

    { "L621", "no claims, no answer",                       0, true,  ISSUE_2("c:[type==\"vbsEnabled\"]=>issue(type=\"v\",value=ContainsOnlyValue(c.value,true));") },
    { "L621", "a denial that waits for an answer",          0, true,  AUTH_2("c:[type==\"vbsEnabled\"]=>add(type=\"v\",value=ContainsOnlyValue(c.value,true));[type==\"v\",value==false]=>deny();=>permit();") },
    { "L621", "a fallback",                                 0, false, ISSUE_2("c:[type==\"vbsEnabled\"]=>issue(type=\"v\",value=ContainsOnlyValue(c.value,true));![type==\"v\"]=>issue(type=\"v\",value=false);") },
    { "L621", "a permit that waits for an answer",          0, false, AUTH_2("c:[type==\"vbsEnabled\"]=>add(type=\"v\",value=ContainsOnlyValue(c.value,true));[type==\"v\",value==true]=>permit();") },
    { "L621", "a claim that is certain",                    0, false, ISSUE_2("=>add(type=\"s\",value=1);c:[type==\"s\"" POLICY "]=>issue(type=\"v\",value=ContainsOnlyValue(c.value,1));") },

    { "L622", "JSON claims in version 1.0",               TPM, true,  ISSUE("c:[type==\"events\"" SERVICE "]=>issue(type=\"e\",value=c.value);") },
    { "L622", "version 1.2 for nothing",                    0, true,  AUTH_2("=>permit();") },
    { "L622", "version 1.1 for nothing",                    0, true,  "version=1.1;authorizationrules{=>permit();};" },
    { "L622", "version 1.2 for a function",                 0, false, ISSUE_2("=>issue(type=\"a\",value=AppendString(\"a\",\"b\"));") },
    { "L622", "version 1.2 for a negation",                 0, false, AUTH_2("![type==\"a\"]=>permit();") },
    { "L622", "version 1.2 for JSON claims",              TPM, false, ISSUE_2("c:[type==\"events\"" SERVICE "]=>issue(claim=c);") },
    { "L622", "version 1.1 for a configuration",          TPM, false, CONFIGURE("=>issueproperty(type=\"required_pcr_mask\",value=15);") },

    { "L623", "a signer to be filled in",                   0, true,  AUTH("[type==\"x-ms-sgx-mrsigner\",value==\"<mrsigner>\"]=>permit();") },
    { "L623", "a variable",                                 0, true,  ISSUE("=>issue(type=\"a\",value=\"${VALUE}\");") },
    { "L623", "text with angles",                           0, false, ISSUE("=>issue(type=\"a\",value=\"a < b > c\");") },
    { "L623", "an empty pair",                              0, false, ISSUE("=>issue(type=\"a\",value=\"<>\");") },

    { "L624", "a claim that comes later",                   0, true,  AUTH("[type==\"mine\"]=>permit();=>add(type=\"mine\",value=1);") },
    { "L624", "a rule's own claim",                         0, true,  AUTH("c:[type==\"mine\"]=>add(type=\"mine\",value=1);=>permit();") },
    { "L624", "a claim that came before",                   0, false, AUTH("=>add(type=\"mine\",value=1);[type==\"mine\"]=>permit();") },

    { "L625", "an ordering between two lists",            TPM, true,  AUTH("c:[type==\"a\"" CLIENT "]&&[type==\"b\"" CLIENT ",value<=c.value]=>permit();") },
    { "L625", "each of one with each of the other",       TPM, true,  ISSUE_2("c:[type==\"a\"" CLIENT "]&&d:[type==\"b\"" CLIENT "]=>add(type=\"x\",value=AppendString(c.value,d.value));") },
    { "L625", "an equality",                              TPM, false, AUTH("c:[type==\"a\"" CLIENT "]&&[type==\"b\"" CLIENT ",value==c.value]=>permit();") },
    { "L625", "two facts",                                TPM, false, AUTH("c:[type==\"tpmVersion\"" SERVICE "]&&[type==\"aikValidated\"" SERVICE ",value!=c.value]=>permit();") },
    { "L625", "two lists that nobody joins",              TPM, false, AUTH("[type==\"a\"" CLIENT "]&&[type==\"b\"" CLIENT "]=>permit();") },

    { "L626", "two values for one name",                    0, true,  ISSUE("=>issue(type=\"level\",value=1);=>issue(type=\"level\",value=2);") },
    { "L626", "two values under conditions of which one holds with the other", 0, true, ISSUE("[type==\"a\"]=>issue(type=\"level\",value=1);[type==\"a\"]&&[type==\"b\"]=>issue(type=\"level\",value=2);") },
    { "L626", "two values under two conditions",            0, false, ISSUE("[type==\"a\",value==1]=>issue(type=\"level\",value=1);[type==\"a\",value==2]=>issue(type=\"level\",value=2);") },
    { "L626", "one value twice",                            0, false, ISSUE("=>issue(type=\"level\",value=1);[type==\"a\"]=>issue(type=\"level\",value=1);") },
    { "L626", "a value and its fallback",                   0, false, ISSUE_2("=>issue(type=\"level\",value=1);![type==\"level\"]=>issue(type=\"level\",value=0);") },

    { "L627", "unmeasured text",                            0, true,  QUERY("Events[].UnmeasuredData.UnicodeName") },
    { "L627", "unmeasured text, by a quoted name",          0, true,  QUERY("Events[0].\\\"UnmeasuredData\\\"") },
    { "L627", "measured text",                              0, false, QUERY("Events[].ProcessedData.UnicodeName") },

    { "L628", "a computed validity of no minutes",        TPM, true,  ISSUE_2("=>issueproperty(type=\"report_validity_in_minutes\",value=JsonToClaimValue(\"0\"));") },
    { "L628", "a validity from a claim out of range",     TPM, true,  ISSUE("c:[type==\"v\"" CLIENT ",value>525600]=>issueproperty(type=\"report_validity_in_minutes\",value=c.value);") },
    { "L628", "a switch that is a number",                TPM, true,  ISSUE("c:[type==\"v\"" CLIENT ",value==1]=>issueproperty(type=\"omit_x5c\",value=c.value);") },
    { "L628", "a validity in range",                      TPM, false, ISSUE_2("=>issueproperty(type=\"report_validity_in_minutes\",value=JsonToClaimValue(\"60\"));") },
    { "L628", "a validity from a claim",                  TPM, false, ISSUE("c:[type==\"v\"" CLIENT ",value<=60]=>issueproperty(type=\"report_validity_in_minutes\",value=c.value);") },

    { "L629", "a validity of an hour and of a day",       TPM, true,  ISSUE("=>issueproperty(type=\"report_validity_in_minutes\",value=60);=>issueproperty(type=\"report_validity_in_minutes\",value=1440);") },
    { "L629", "the same validity twice",                  TPM, false, ISSUE("=>issueproperty(type=\"report_validity_in_minutes\",value=60);[type==\"a\"]=>issueproperty(type=\"report_validity_in_minutes\",value=60);") },

    { "L630", "a name that is none",                        0, true,  "// lint: allow never-permit\n" AUTH("") },
    { "L630", "no name",                                    0, true,  "// lint: allow\n" AUTH("") },
    { "L630", "an error",                                   0, true,  "// lint: E201 off\n" AUTH("") },
    { "L630", "a file's form below the version",            0, true,  "version=1.0;\n// lint: allow-file never-permits\nauthorizationrules{};" },
    { "L630", "a name",                                     0, false, "// lint: allow never-permits\n" AUTH("") },
    { "L630", "another comment",                            0, false, "// linting: allow nothing\n" AUTH("") },

    { "L631", "nothing to silence",                         0, true,  "// lint: allow never-permits\n" AUTH("=>permit();") },
    { "L631", "nothing to silence in the file",             0, true,  "// lint: allow-file never-permits\n" AUTH("=>permit();") },
    { "L631", "something to silence",                       0, false, "// lint: allow never-permits\n" AUTH("") },
};
/* clang-format on */

static struct policy_lint lint(const char *row, const char *text, unsigned types, struct arena *a)
{
    struct policy_lint out = { 0 };
    struct err e = { 0 };

    CHECK_OK(row, policy_lint(span_str(text), types, a, &out, &e), e);
    return out;
}

static size_t count(const struct policy_lint *l, const char *code)
{
    size_t n = 0;

    for (size_t i = 0; i < l->found.count; i++)
        n += strcmp(l->found.items[i].code, code) == 0;
    return n;
}

static void each_warning_is_found_where_it_is_deserved_and_nowhere_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(16 << 20);
        struct policy_lint l = lint(rows[i].name, rows[i].text, rows[i].types, &a);

        CHECK_INT(rows[i].name, l.errors, 0);
        if ((count(&l, rows[i].code) > 0) != rows[i].fires)
            fail_msg("%s, row \"%s\": found %zu times", rows[i].code, rows[i].name,
                     count(&l, rows[i].code));
        arena_fini(&a);
    }
}

static void each_warning_has_rows_that_fire_and_rows_that_do_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < policy_code_count; i++) {
        size_t fires = 0, quiet = 0;

        for (size_t j = 0; j < COUNT(rows); j++)
            if (strcmp(rows[j].code, policy_codes[i].code) == 0)
                *(rows[j].fires ? &fires : &quiet) += 1;
        CHECK(policy_codes[i].code, policy_codes[i].code[0] != 'L' || (fires > 0 && quiet > 0));
    }
}

/* clang-format off */
static const struct { const char *name, *text; size_t found, silenced; } silences[] = {
    { "not silenced",             "version=1.0;\nauthorizationrules{\nc:[type==\"a\"]=>permit();\n};",                              1, 0 },
    { "the line before",          "version=1.0;\nauthorizationrules{\n// lint: allow unused-name\nc:[type==\"a\"]=>permit();\n};",  0, 1 },
    { "the same line",            "version=1.0;\nauthorizationrules{\nc:[type==\"a\"]=>permit(); // lint: allow unused-name\n};",   0, 1 },
    { "by code",                  "version=1.0;\nauthorizationrules{\n// lint: L614 off\nc:[type==\"a\"]=>permit();\n};",           0, 1 },
    { "with a reason",            "version=1.0;\nauthorizationrules{\n// lint: allow unused-name - for the reader\nc:[type==\"a\"]=>permit();\n};", 0, 1 },
    { "two names",                "version=1.0;\nauthorizationrules{\n// lint: allow unused-name, unusual-spelling\nc:[type==\"a\"]=>Permit();\n};", 0, 2 },
    { "two comments",             "version=1.0;\nauthorizationrules{\n// lint: allow unused-name\n// lint: allow unusual-spelling\nc:[type==\"a\"]=>Permit();\n};", 0, 2 },
    { "behind a rule of three lines", "version=1.0;\nauthorizationrules{\nc:[type==\"a\"]\n=>\npermit(); // lint: allow unused-name\n};", 0, 1 },
    { "the file",                 "// lint: allow-file unused-name\nversion=1.0;\nauthorizationrules{\nc:[type==\"a\"]=>permit();\nc:[type==\"b\"]=>permit();\n};", 0, 2 },
    { "another warning",          "version=1.0;\nauthorizationrules{\n// lint: allow repeated-rule\nc:[type==\"a\"]=>permit();\n};", 2, 0 },
    { "another rule",             "version=1.0;\nauthorizationrules{\n=>permit(); // lint: allow unused-name\nc:[type==\"a\"]=>permit();\n};", 2, 0 },
    { "a silence silenced",       "// lint: allow-file useless-silence\nversion=1.0;\nauthorizationrules{\n// lint: allow placeholder\n=>permit();\n};", 0, 1 },
};
/* clang-format on */

static void a_comment_silences_what_it_names_where_it_stands(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(silences); i++) {
        struct arena a = arena_over(16 << 20);
        struct policy_lint l = lint(silences[i].name, silences[i].text, 0, &a);

        CHECK_INT(silences[i].name, l.found.count, silences[i].found);
        CHECK_INT(silences[i].name, l.silenced, silences[i].silenced);
        arena_fini(&a);
    }
}

static void what_is_found_stands_in_the_order_of_the_text(void **state)
{
    struct arena a = arena_over(16 << 20);
    struct policy_lint l =
        lint("order",
             "// lint: allow placeholder\nversion=1.2;authorizationrules{\nc:[type==\"$svn\","
             "value==\"3\"] => permit();\n};",
             0, &a);
    static const struct {
        const char *code;
        uint32_t line, column;
    } want[] = {
        { "L631", 1, 16 }, { "L622", 2, 1 },  { "L608", 3, 1 },
        { "L614", 3, 1 },  { "L604", 3, 10 }, { "L617", 3, 24 },
    };

    (void)state;
    CHECK_INT("count", l.found.count, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        CHECK(want[i].code, strcmp(l.found.items[i].code, want[i].code) == 0);
        CHECK_INT(want[i].code, l.found.items[i].line, want[i].line);
        CHECK_INT(want[i].code, l.found.items[i].column, want[i].column);
    }
    arena_fini(&a);
}

static void hints_are_what_would_repair_it(void **state)
{
    /* clang-format off */
    static const struct { const char *code, *hint; unsigned types; const char *text; } hints[] = {
        { "L603", "x-ms-sgx-is-debuggable", SGX, AUTH("[type==\"x-ms-sgx-is-debugable\",value==false]=>permit();") },
        { "L603", "golden",                 SGX, AUTH("=>add(type=\"golden\",value=1);[type==\"goldne\"]=>permit();") },
        { "L604", "x-ms-sgx-svn",             0, AUTH("[type==\"$svn\",value>=3]=>permit();") },
        { "L605", "issuer==\"AttestationService\"", TPM, AUTH("[type==\"vbsEnabled\",value==true]=>permit();") },
        { "L611", "`true`",                   0, QUERY("Events[?DataHashed == true]") },
        { "L613", "length",                   0, QUERY("lenght(Events)") },
        { "L616", HEX_64,                     0, AUTH("[type==\"x-ms-sgx-mrsigner\",value==\"" HEX_64_UPPER "\"]=>permit();") },
        { "L617", "3",                        0, AUTH("[type==\"x-ms-sgx-svn\",value==\"3\"]=>permit();") },
        { "L622", "1.0",                      0, AUTH_2("=>permit();") },
        { "L630", "never-permits",            0, "// lint: allow never-permit\n" AUTH("") },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(hints); i++) {
        struct arena a = arena_over(16 << 20);
        struct policy_lint l = lint(hints[i].code, hints[i].text, hints[i].types, &a);
        bool is_there = false;

        for (size_t j = 0; j < l.found.count; j++)
            is_there |= strcmp(l.found.items[j].code, hints[i].code) == 0 &&
                        strcmp(l.found.items[j].hint, hints[i].hint) == 0;
        if (!is_there)
            fail_msg("%s does not offer %s", hints[i].code, hints[i].hint);
        arena_fini(&a);
    }
}

static void a_text_with_errors_gives_its_errors_and_no_advice(void **state)
{
    struct arena a = arena_over(16 << 20);
    struct policy_lint l = lint("errors", AUTH("c:[type=\"a\"]=>permit();[]=>deny();"), 0, &a);

    (void)state;
    CHECK_INT("errors", l.errors, 2);
    CHECK_INT("nothing else", l.found.count, 2);
    arena_fini(&a);
}

/* A slip in one section, a slip in the next, and a rule there that means nothing. */
static void one_run_names_the_errors_of_all_sections(void **state)
{
    static const char *const codes[] = { "E203", "E212", "E303", "E202" };
    struct arena a = arena_over(16 << 20);
    struct policy_lint l =
        lint("sections",
             "version=1.0;\nauthorisationrules { => permit(); };\nissuancerules {"
             " => issue(type==\"a\"); => issue(claim=c); }",
             0, &a);

    (void)state;
    CHECK_INT("count", l.found.count, COUNT(codes));
    for (size_t i = 0; i < COUNT(codes); i++)
        CHECK(codes[i], strcmp(l.found.items[i].code, codes[i]) == 0);
    arena_fini(&a);
}

static void the_linters_tables_name_known_claims(void **state)
{
    (void)state;
    for (size_t i = 0; i < known_claim_count; i++) {
        struct span name = span_str(known_claims[i].name);

        if (lint_hex_digits(name))
            CHECK_INT(known_claims[i].name, known_claims[i].type, KNOWN_STRING);
        if (lint_debug_types(name))
            CHECK(known_claims[i].name,
                  (known_claims[i].types & lint_debug_types(name)) == lint_debug_types(name));
    }
}

/* Everything linear: the same rule as often as it fits, and names that are all slips. */
static void a_hostile_text_is_bounded(void **state)
{
    static const char *const rules[] = {
        "c:[type==\"x%04x\"]=>permit();",
        "=>issue(type=\"a\",value=%d);",
        "// lint: allow x%d\n",
        "[type==\"secureboot\",value==%d]=>deny();",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rules); i++) {
        struct arena a = arena_over(256 << 20);
        struct writer w = writer_in(&a, 1 << 17);
        struct policy_lint l = { 0 };
        struct span text = { 0 };
        struct err e = { 0 };

        write_text(&w, i == 1 ? "version=1.0;authorizationrules{=>permit();};issuancerules{"
                              : "version=1.0;authorizationrules{=>permit();");
        for (int n = 0; n < 4000 && w.n < 130000; n++) {
            char rule[64];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(rule, sizeof rule, rules[i], n);
#pragma GCC diagnostic pop
            write_text(&w, rule);
        }
        write_text(&w, "};");
        CHECK_OK(rules[i], writer_done(&w, &text, &e), e);
        CHECK_OK(rules[i], policy_lint(text, 0, &a, &l, &e), e);
        CHECK(rules[i], l.found.count > 0);
        arena_fini(&a);
    }
}

static void each_failed_allocation_is_a_clean_error(void **state)
{
    static const char text[] = "// lint: allow placeholder\n" ISSUE_2(
        "c:[type==\"evnts\"]=>issue(type=\"x\",value=JmesPath(c.value,\"a[?b == 'c']\"));");
    bool is_done = false;

    (void)state;
    for (size_t n = 1; !is_done; n++) {
        struct arena a = arena_over(16 << 20);
        struct policy_lint l = { 0 };
        struct err e = { 0 };

        a.fail_at = n;
        is_done = policy_lint(span_str(text), 0, &a, &l, &e);
        CHECK("clean", is_done || e.code == ERR_MEMORY || e.code == ERR_LIMIT);
        arena_fini(&a);
    }
}

TEST_MAIN(each_warning_is_found_where_it_is_deserved_and_nowhere_else,
          each_warning_has_rows_that_fire_and_rows_that_do_not,
          a_comment_silences_what_it_names_where_it_stands,
          what_is_found_stands_in_the_order_of_the_text, hints_are_what_would_repair_it,
          a_text_with_errors_gives_its_errors_and_no_advice,
          one_run_names_the_errors_of_all_sections, the_linters_tables_name_known_claims,
          a_hostile_text_is_bounded, each_failed_allocation_is_a_clean_error)
