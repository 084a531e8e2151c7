#include "tcb_info.h"

#include "edit.h"

/* Sixteen components, the first three given. */
#define COMPS(a, b, c)                                                                             \
    "[{\"svn\":" #a "},{\"svn\":" #b "},{\"svn\":" #c "},{\"svn\":0},{\"svn\":0},{\"svn\":0},"     \
    "{\"svn\":0},{\"svn\":0},{\"svn\":0},{\"svn\":0},{\"svn\":0},{\"svn\":0},{\"svn\":0},"         \
    "{\"svn\":0},{\"svn\":0},{\"svn\":0}]"
#define LEVEL(comps, pcesvn, more, status)                                                         \
    "{\"tcb\":{\"sgxtcbcomponents\":" comps ",\"pcesvn\":" #pcesvn more                            \
    "},\"tcbDate\":\"2023-12-01T00:00:00Z\",\"tcbStatus\":\"" status "\"}"
#define HEAD(id)                                                                                   \
    "{\"id\":\"" id "\",\"version\":3,\"issueDate\":\"2024-01-10T00:00:00Z\","                     \
    "\"nextUpdate\":\"2024-02-09T00:00:00Z\",\"fmspc\":\"00A1B2C3D4E5\",\"pceId\":\"0100\","       \
    "\"tcbType\":0,\"tcbEvaluationDataNumber\":16,\"tcbLevels\":["
#define BODY                                                                                       \
    HEAD("SGX")                                                                                    \
    LEVEL(COMPS(6, 6, 2), 11, "", "UpToDate")                                                      \
    "," LEVEL(COMPS(5, 5, 2), 11, "", "SWHardeningNeeded") "," LEVEL(COMPS(4, 4, 2), 10, "",       \
                                                                     "OutOfDate") "]}"
#define COMPS_V2                                                                                   \
    "\"sgxtcbcomp01svn\":17,\"sgxtcbcomp02svn\":18,\"sgxtcbcomp03svn\":2,\"sgxtcbcomp04svn\":4,"   \
    "\"sgxtcbcomp05svn\":1,\"sgxtcbcomp06svn\":128,\"sgxtcbcomp07svn\":7,\"sgxtcbcomp08svn\":8,"   \
    "\"sgxtcbcomp09svn\":9,\"sgxtcbcomp10svn\":10,\"sgxtcbcomp11svn\":11,\"sgxtcbcomp12svn\":12,"  \
    "\"sgxtcbcomp13svn\":13,\"sgxtcbcomp14svn\":14,\"sgxtcbcomp15svn\":15,\"sgxtcbcomp16svn\":255"
#define BODY_V2                                                                                    \
    "{\"version\":2,\"issueDate\":\"2022-04-26T22:39:25Z\",\"nextUpdate\":"                        \
    "\"2022-05-26T22:39:25Z\",\"fmspc\":\"00906ed50000\",\"pceId\":\"0000\",\"tcbType\":0,"        \
    "\"tcbEvaluationDataNumber\":12,\"tcbLevels\":[{\"tcb\":{" COMPS_V2 ",\"pcesvn\":10},"         \
    "\"tcbDate\":\"2021-11-10T00:00:00Z\",\"tcbStatus\":\"SWHardeningNeeded\","                    \
    "\"advisoryIDs\":[\"INTEL-SA-00334\",\"INTEL-SA-00615\"]}]}"

static struct arena arena;

static void begin(void)
{
    arena_fini(&arena);
    arena = arena_over(64 << 20);
}

static struct tcb_info parse_good(const char *row, struct span body)
{
    struct tcb_info info = { 0 };
    struct err e = { 0 };

    CHECK_OK(row, tcb_info_parse(body, &arena, &info, &e), e);
    return info;
}

static struct err parse_result(struct span body)
{
    uint8_t *exact = check_exact(body);
    struct tcb_info info;
    struct err e = { 0 };
    bool ok = tcb_info_parse(span_of(exact, body.n), &arena, &info, &e);

    free(exact);
    CHECK_INT("a failure has a code", !ok, e.code != ERR_NONE);
    return e;
}

static void tcb_info_reads_version_3(void **state)
{
    struct tcb_info info;
    struct span body;

    (void)state;
    begin();
    body = edit(&arena, BODY, "{\"svn\":6}",
                "{\"svn\":6,\"category\":\"BIOS\",\"type\":\"Early Microcode Update\"}");
    body = edit(&arena, (const char *)body.p, "\"UpToDate\"",
                "\"UpToDate\",\"advisoryIDs\":[\"INTEL-SA-00001\",\"INTEL-DOC-12345\"]");
    info = parse_good("version 3", body);
    CHECK_INT("version", info.version, 3);
    CHECK_INT("id", info.id, TCB_INFO_SGX);
    CHECK_INT("issue date", info.issue_date, 1704844800);
    CHECK_INT("next update", info.next_update, 1707436800);
    CHECK_SPAN("fmspc", span_of(info.fmspc, 6), span_of("\x00\xa1\xb2\xc3\xd4\xe5", 6));
    CHECK_SPAN("pce id", span_of(info.pce_id, 2), span_of("\x01\x00", 2));
    CHECK_INT("evaluation number", info.evaluation_data_number, 16);
    CHECK_INT("levels", info.level_count, 3);
    CHECK_INT("component", info.levels[0].sgx[0].svn, 6);
    CHECK_TEXT("category", info.levels[0].sgx[0].category, "BIOS");
    CHECK_TEXT("type", info.levels[0].sgx[0].type, "Early Microcode Update");
    CHECK_INT("no label", info.levels[0].sgx[1].category.n, 0);
    CHECK_INT("pcesvn", info.levels[2].pcesvn, 10);
    CHECK_INT("status", info.levels[1].standing.status, TCB_STATUS_SW_HARDENING_NEEDED);
    CHECK_INT("date", info.levels[0].standing.date, 1701388800);
    CHECK_INT("advisories", info.levels[0].standing.advisory_count, 2);
    CHECK_TEXT("advisory", info.levels[0].standing.advisory_ids[1], "INTEL-DOC-12345");
    CHECK_INT("none", info.levels[1].standing.advisory_count, 0);
}

static void tcb_info_reads_version_2(void **state)
{
    static const uint8_t want[TCB_COMPONENTS] = { 17, 18, 2,  4,  1,  128, 7,  8,
                                                  9,  10, 11, 12, 13, 14,  15, 255 };
    struct tcb_info info;

    (void)state;
    begin();
    info = parse_good("version 2", span_str(BODY_V2));
    CHECK_INT("version", info.version, 2);
    CHECK_INT("id", info.id, TCB_INFO_SGX);
    CHECK_INT("pcesvn", info.levels[0].pcesvn, 10);
    for (size_t i = 0; i < TCB_COMPONENTS; i++)
        CHECK_INT("component", info.levels[0].sgx[i].svn, want[i]);
}

static void tcb_info_reads_a_document_for_trust_domains(void **state)
{
    static const char body[] = HEAD("TDX")
        LEVEL(COMPS(5, 5, 2), 11, ",\"tdxtcbcomponents\":" COMPS(5, 0, 6), "UpToDate") "]}";
    struct tcb_info info;

    (void)state;
    begin();
    info = parse_good("TDX", span_str(body));
    CHECK_INT("id", info.id, TCB_INFO_TDX);
    CHECK("components", info.levels[0].has_tdx && info.levels[0].tdx[2].svn == 6);
    CHECK("no module", info.tdx_module == NULL && info.tdx_module_identities == NULL);
    info = parse_good("module", edit(&arena, body, "\"tcbLevels\"",
                                     "\"tdxModule\":{\"a\":1},\"tdxModuleIdentities\":[],"
                                     "\"tcbLevels\""));
    CHECK("module", info.tdx_module && info.tdx_module_identities);
}

static void tcb_info_refuses_what_the_service_never_says(void **state)
{
    static const struct {
        const char *name, *from, *to, *path;
    } rows[] = {
        { "no version", "\"version\":3,", "", "tcb_info.version" },
        { "version 1", "\"version\":3", "\"version\":1", "tcb_info.version" },
        { "version 4", "\"version\":3", "\"version\":4", "tcb_info.version" },
        { "version 2 with an id", "\"version\":3", "\"version\":2", "tcb_info.id" },
        { "version as text", "\"version\":3", "\"version\":\"3\"", "tcb_info.version" },
        { "version in another case", "\"version\"", "\"VERSION\"", "tcb_info.version" },
        { "no id", "\"id\":\"SGX\",", "", "tcb_info.id" },
        { "another id", "\"SGX\"", "\"sgx\"", "tcb_info.id" },
        { "an id of another TEE", "\"SGX\"", "\"QE\"", "tcb_info.id" },
        { "no issue date", "\"issueDate\":\"2024-01-10T00:00:00Z\",", "", "tcb_info.issueDate" },
        { "no such month", "2024-01-10", "2024-16-10", "tcb_info.issueDate" },
        { "an escape in a date", "2024-01-10T", "2024-\\n01-10T", "tcb_info.issueDate" },
        { "no next update", "\"nextUpdate\"", "\"nextupdate\"", "tcb_info.nextUpdate" },
        { "a local time", "02-09T00:00:00Z", "02-09T00:00:00", "tcb_info.nextUpdate" },
        { "no fmspc", "\"fmspc\":\"00A1B2C3D4E5\",", "", "tcb_info.fmspc" },
        { "fmspc as number", "\"00A1B2C3D4E5\"", "90610000", "tcb_info.fmspc" },
        { "no pce id", "\"pceId\":\"0100\",", "", "tcb_info.pceId" },
        { "a long pce id", "\"0100\"", "\"010000\"", "tcb_info.pceId" },
        { "no tcb type", "\"tcbType\":0,", "", "tcb_info.tcbType" },
        { "tcb type 1", "\"tcbType\":0", "\"tcbType\":1", "tcb_info.tcbType" },
        { "no evaluation number", "\"tcbEvaluationDataNumber\":16,", "",
          "tcb_info.tcbEvaluationDataNumber" },
        { "evaluation number of 33 bits", ":16,", ":4294967296,",
          "tcb_info.tcbEvaluationDataNumber" },
        { "a module of another TEE", "\"tcbLevels\"", "\"tdxModule\":{},\"tcbLevels\"",
          "tcb_info.tdxModule" },
        { "modules of another TEE", "\"tcbLevels\"", "\"tdxModuleIdentities\":[],\"tcbLevels\"",
          "tcb_info.tdxModuleIdentities" },
        { "components of another TEE", "\"pcesvn\":11",
          "\"pcesvn\":11,\"tdxtcbcomponents\":" COMPS(1, 2, 3),
          "tcb_info.tcbLevels.tcb.tdxtcbcomponents" },
        { "no levels", "\"tcbLevels\"", "\"levels\"", "tcb_info.tcbLevels" },
        { "levels as object", "\"tcbLevels\":[", "\"tcbLevels\":{},\"x\":[", "tcb_info.tcbLevels" },
        { "an empty list", "\"tcbLevels\":[", "\"tcbLevels\":[],\"x\":[", "tcb_info.tcbLevels" },
        { "a level that is a number", "[{\"tcb\"", "[1,{\"tcb\"", "tcb_info.tcbLevels.tcb" },
        { "no tcb", "\"tcb\"", "\"TCB\"", "tcb_info.tcbLevels.tcb" },
        { "components by another name", "sgxtcbcomponents", "components",
          "tcb_info.tcbLevels.tcb.sgxtcbcomponents" },
        { "a component without svn", "{\"svn\":6}", "{}",
          "tcb_info.tcbLevels.tcb.sgxtcbcomponents.svn" },
        { "a component that is a number", "{\"svn\":6}", "6",
          "tcb_info.tcbLevels.tcb.sgxtcbcomponents.svn" },
        { "svn 256", "{\"svn\":6}", "{\"svn\":256}",
          "tcb_info.tcbLevels.tcb.sgxtcbcomponents.svn" },
        { "svn -1", "{\"svn\":6}", "{\"svn\":-1}", "tcb_info" },
        { "svn as text", "{\"svn\":6}", "{\"svn\":\"6\"}",
          "tcb_info.tcbLevels.tcb.sgxtcbcomponents.svn" },
        { "a category that is no text", "{\"svn\":6}", "{\"svn\":6,\"category\":1}",
          "tcb_info.tcbLevels.tcb.sgxtcbcomponents.category" },
        { "no pcesvn", ",\"pcesvn\":11", "", "tcb_info.tcbLevels.tcb.pcesvn" },
        { "pcesvn 65536", "\"pcesvn\":11", "\"pcesvn\":65536", "tcb_info.tcbLevels.tcb.pcesvn" },
        { "no date", "\"tcbDate\":\"2023-12-01T00:00:00Z\",", "", "tcb_info.tcbLevels.tcbDate" },
        { "no status", ",\"tcbStatus\":\"UpToDate\"", "", "tcb_info.tcbLevels.tcbStatus" },
        { "status null", "\"UpToDate\"", "null", "tcb_info.tcbLevels.tcbStatus" },
        { "status empty", "\"UpToDate\"", "\"\"", "tcb_info.tcbLevels.tcbStatus" },
        { "status unknown", "\"UpToDate\"", "\"Fine\"", "tcb_info.tcbLevels.tcbStatus" },
        { "status in lower case", "\"UpToDate\"", "\"uptodate\"", "tcb_info.tcbLevels.tcbStatus" },
        { "status with a NUL", "\"UpToDate\"", "\"UpToDate\\u0000\"",
          "tcb_info.tcbLevels.tcbStatus" },
        { "status of a computation", "\"UpToDate\"", "\"TDRelaunchAdvised\"",
          "tcb_info.tcbLevels.tcbStatus" },
        { "advisories as text", "\"UpToDate\"", "\"UpToDate\",\"advisoryIDs\":\"INTEL-SA-00001\"",
          "tcb_info.tcbLevels.advisoryIDs" },
        { "an advisory that is a number", "\"UpToDate\"", "\"UpToDate\",\"advisoryIDs\":[1]",
          "tcb_info.tcbLevels.advisoryIDs" },
        { "an empty advisory", "\"UpToDate\"", "\"UpToDate\",\"advisoryIDs\":[\"\"]",
          "tcb_info.tcbLevels.advisoryIDs" },
        { "an advisory with a blank", "\"UpToDate\"", "\"UpToDate\",\"advisoryIDs\":[\"A B\"]",
          "tcb_info.tcbLevels.advisoryIDs" },
        { "a level twice", COMPS(5, 5, 2), COMPS(6, 6, 2), "tcb_info.tcbLevels" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_ERR(rows[i].name, parse_result(edit(&arena, BODY, rows[i].from, rows[i].to)),
                  ERR_MALFORMED, rows[i].path);
}

static void km_18_tcb_info_refuses_other_than_sixteen_components(void **state)
{
    static const size_t counts[] = { 0, 1, 8, 15, 17, 255 };
    char path[] = "tcb_info.tcbLevels.tcb.sgxtcbcomponents", name[24];

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(counts); i++) {
        const char *more = edit_repeat(&arena, ",{\"svn\":0}", counts[i]);
        const char *list = edit_str(&arena, "[~]", "~", counts[i] > 0 ? more + 1 : "");

        snprintf(name, sizeof name, "%zu components", counts[i]);
        CHECK_ERR(name, parse_result(edit(&arena, BODY, COMPS(5, 5, 2), list)), ERR_MALFORMED,
                  path);
    }
    for (int i = 1; i <= TCB_COMPONENTS; i++) {
        char full[64];

        snprintf(name, sizeof name, "sgxtcbcomp%02dsvn", i);
        snprintf(full, sizeof full, "tcb_info.tcbLevels.tcb.%s", name);
        CHECK_ERR(name, parse_result(edit(&arena, BODY_V2, name, "x")), ERR_MALFORMED, full);
    }
    CHECK_ERR(
        "a seventeenth",
        parse_result(edit(&arena, BODY_V2, ",\"pcesvn\"", ",\"sgxtcbcomp17svn\":1,\"pcesvn\"")),
        ERR_MALFORMED, "tcb_info.tcbLevels.tcb.sgxtcbcomp17svn");
}

static void km_35_tcb_info_reads_hex_of_either_case_and_nothing_else(void **state)
{
    static const struct {
        const char *name, *fmspc;
        enum err_code code;
    } rows[] = {
        { "upper", "00A1B2C3D4E5", ERR_NONE },
        { "lower", "00a1b2c3d4e5", ERR_NONE },
        { "mixed", "00a1B2c3D4e5", ERR_NONE },
        { "odd", "00A1B2C3D4E", ERR_MALFORMED },
        { "short", "00A1B2C3D4", ERR_MALFORMED },
        { "long", "00A1B2C3D4E5E6", ERR_MALFORMED },
        { "prefix", "0x00A1B2C3D4", ERR_MALFORMED },
        { "blank", "00A1B2C3D4 5", ERR_MALFORMED },
        { "wide digits", "00A1B2\xef\xbc\x90\xef\xbc\x91", ERR_MALFORMED },
        { "a character of two bytes", "00A1B2C3D4\xc3\xa9", ERR_MALFORMED },
        { "empty", "", ERR_MALFORMED },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span body = edit(&arena, BODY, "00A1B2C3D4E5", rows[i].fmspc);

        if (rows[i].code != ERR_NONE)
            CHECK_ERR(rows[i].name, parse_result(body), rows[i].code, "tcb_info.fmspc");
        else
            CHECK_SPAN(rows[i].name, span_of(parse_good(rows[i].name, body).fmspc, 6),
                       span_of("\x00\xa1\xb2\xc3\xd4\xe5", 6));
    }
}

static void km_34_tcb_info_open_keeps_the_bytes_as_sent(void **state)
{
    struct signed_json s;
    struct err e = { 0 };
    const char *text = "{\"tcbInfo\":{\"version\": 3 , \"a\":[ ]},\"signature\":\"~\"}";

    (void)state;
    begin();
    text = edit_str(&arena, text, "~", edit_repeat(&arena, "0f", 64));
    CHECK_OK("open", tcb_info_open(span_str(text), &arena, &s, &e), e);
    CHECK_TEXT("white space kept", s.body, "{\"version\": 3 , \"a\":[ ]}");
    CHECK_INT("signature", s.signature[63], 0x0f);
    CHECK("the other document",
          !tcb_info_open(edit(&arena, text, "tcbInfo", "enclaveIdentity"), &arena, &s, &e));
    CHECK_ERR("the other document", e, ERR_MALFORMED, "tcb_info.tcbInfo");
}

/* Levels in any order are the same levels, highest first. */
static void km_19_tcb_info_sorts_the_levels_itself(void **state)
{
#define SHUFFLE(a, b, c) HEAD("TDX") a "," b "," c "]}"
#define A                LEVEL(COMPS(5, 5, 2), 11, ",\"tdxtcbcomponents\":" COMPS(5, 0, 6), "UpToDate")
#define B                LEVEL(COMPS(5, 5, 2), 11, ",\"tdxtcbcomponents\":" COMPS(4, 9, 9), "SWHardeningNeeded")
#define C                LEVEL(COMPS(5, 5, 2), 10, ",\"tdxtcbcomponents\":" COMPS(9, 9, 9), "OutOfDate")
    static const char *const orders[] = { SHUFFLE(A, B, C), SHUFFLE(A, C, B), SHUFFLE(B, A, C),
                                          SHUFFLE(B, C, A), SHUFFLE(C, A, B), SHUFFLE(C, B, A) };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(orders); i++) {
        struct tcb_info info = parse_good("shuffled", span_str(orders[i]));

        CHECK_INT("highest", info.levels[0].standing.status, TCB_STATUS_UP_TO_DATE);
        CHECK_INT("equal but for TDX", info.levels[1].standing.status,
                  TCB_STATUS_SW_HARDENING_NEEDED);
        CHECK_INT("lower PCESVN", info.levels[2].standing.status, TCB_STATUS_OUT_OF_DATE);
    }
    CHECK_ERR("twice the same", parse_result(span_str(SHUFFLE(A, B, B))), ERR_MALFORMED,
              "tcb_info.tcbLevels");
#undef SHUFFLE
#undef A
#undef B
#undef C
}

static const struct tcb_level *find(const struct tcb_info *info, uint8_t a, uint8_t b, uint8_t c,
                                    uint16_t pcesvn)
{
    uint8_t platform[TCB_COMPONENTS] = { a, b, c };

    return tcb_level_find(info, platform, pcesvn);
}

static void km_17_tcb_level_needs_every_component(void **state)
{
    static const struct {
        const char *name;
        uint8_t a, b, c;
        uint16_t pcesvn;
        enum tcb_status want; /* NONE: no level */
    } rows[] = {
        { "exactly the highest", 6, 6, 2, 11, TCB_STATUS_UP_TO_DATE },
        { "above the highest", 255, 255, 255, 65535, TCB_STATUS_UP_TO_DATE },
        { "one component lower", 6, 5, 2, 11, TCB_STATUS_SW_HARDENING_NEEDED },
        { "PCESVN lower", 6, 6, 2, 10, TCB_STATUS_OUT_OF_DATE },
        { "higher in order, lower in one", 5, 1, 5, 11, TCB_STATUS_NONE },
        { "last component lower", 9, 9, 1, 11, TCB_STATUS_NONE },
        { "PCESVN below all", 9, 9, 9, 9, TCB_STATUS_NONE },
    };
    struct tcb_info info;

    (void)state;
    begin();
    info = parse_good("body", span_str(BODY));
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct tcb_level *l = find(&info, rows[i].a, rows[i].b, rows[i].c, rows[i].pcesvn);

        CHECK_INT(rows[i].name, l ? l->standing.status : TCB_STATUS_NONE, rows[i].want);
    }
}

/* The first in descending order counts, not the one with the best word. */
static void tcb_level_find_does_not_look_for_the_best_status(void **state)
{
    static const char body[] = HEAD("SGX") LEVEL(COMPS(4, 4, 2), 10, "", "UpToDate") "," LEVEL(
        COMPS(5, 5, 2), 11, "", "OutOfDate") "]}";
    struct tcb_info info;

    (void)state;
    begin();
    info = parse_good("body", span_str(body));
    CHECK_INT("higher", find(&info, 5, 5, 2, 11)->standing.status, TCB_STATUS_OUT_OF_DATE);
    CHECK_INT("lower", find(&info, 5, 4, 2, 11)->standing.status, TCB_STATUS_UP_TO_DATE);
}

static uint32_t draw(uint32_t *seed)
{
    *seed = (uint32_t)(*seed * UINT64_C(1664525) + 1013904223);
    return *seed >> 16;
}

/* A few levels around a few values, so that ties and near misses are common. */
static void random_levels(struct tcb_level *levels, size_t n, uint32_t *seed)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < TCB_COMPONENTS; c++)
            levels[i].sgx[c].svn = (uint8_t)(c < 3 ? draw(seed) % 4 : 0);
        levels[i].pcesvn = (uint16_t)(draw(seed) % 3);
    }
}

static bool is_reached(const struct tcb_level *l, const uint8_t *platform, uint16_t pcesvn)
{
    bool reached = pcesvn >= l->pcesvn;

    for (size_t c = 0; c < TCB_COMPONENTS; c++)
        reached = reached && platform[c] >= l->sgx[c].svn;
    return reached;
}

static void km_17_tcb_level_found_is_never_above_the_platform(void **state)
{
    uint32_t seed = 17;

    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        struct tcb_level levels[6] = { 0 };
        struct tcb_info info = { .levels = levels, .level_count = COUNT(levels) };
        uint8_t platform[TCB_COMPONENTS] = { (uint8_t)(draw(&seed) % 4), (uint8_t)(draw(&seed) % 4),
                                             (uint8_t)(draw(&seed) % 4) };
        uint16_t pcesvn = (uint16_t)(draw(&seed) % 3);
        const struct tcb_level *found;
        size_t i;

        random_levels(levels, COUNT(levels), &seed);
        found = tcb_level_find(&info, platform, pcesvn);
        for (i = 0; i < COUNT(levels) && &levels[i] != found; i++)
            CHECK("passed over with reason", !is_reached(&levels[i], platform, pcesvn));
        CHECK("reached", !found || is_reached(found, platform, pcesvn));
    }
}

static void tcb_level_short_names_what_is_too_low(void **state)
{
    static const uint8_t platform[TCB_COMPONENTS] = { 5, 9, 0 };
    struct tcb_short out[2] = { 0 };
    struct tcb_info info;

    (void)state;
    begin();
    info = parse_good("body", span_str(BODY));
    CHECK_INT("three", tcb_level_short(&info.levels[0], platform, 10, out, COUNT(out)), 3);
    CHECK_TEXT("first", span_str(out[0].component), "sgxtcbcomp01svn");
    CHECK("first", out[0].have == 5 && out[0].need == 6);
    CHECK_TEXT("second", span_str(out[1].component), "sgxtcbcomp03svn");
    CHECK("second", out[1].have == 0 && out[1].need == 2);
    CHECK_INT("pcesvn only",
              tcb_level_short(&info.levels[0], (const uint8_t[16]){ 6, 6, 2 }, 10, out, 2), 1);
    CHECK_TEXT("pcesvn", span_str(out[0].component), "pcesvn");
    CHECK("pcesvn", out[0].have == 10 && out[0].need == 11);
    CHECK_INT("none", tcb_level_short(&info.levels[2], (const uint8_t[16]){ 6, 6, 2 }, 10, out, 2),
              0);
}

static void tcb_level_goal_is_the_nearest_of_the_best(void **state)
{
    static const char body[] = HEAD("SGX") LEVEL(COMPS(9, 9, 9), 12, "", "UpToDate") "," LEVEL(
        COMPS(6, 6, 2), 11, "", "UpToDate") "," LEVEL(COMPS(5, 5, 2), 11, "", "OutOfDate") "]}";
    static const uint8_t platform[TCB_COMPONENTS] = { 5, 6, 2 };
    struct tcb_info info;

    (void)state;
    begin();
    info = parse_good("body", span_str(body));
    CHECK("nearest", tcb_level_goal(&info, platform, 11) == &info.levels[1]);
}

static void tcb_info_bounds_levels_and_advisories(void **state)
{
    struct writer w;
    char level[2048];

    (void)state;
    begin();
    w = writer_in(&arena, 200000);
    write_text(&w, HEAD("SGX"));
    for (int i = 0; i <= DCAP_LEVELS_MAX; i++) {
        snprintf(level, sizeof level, "%s" LEVEL(COMPS(6, 6, 2), % d, "", "UpToDate"), i ? "," : "",
                 i);
        write_text(&w, level);
    }
    write_text(&w, "]}");
    CHECK_ERR("65 levels", parse_result(writer_span(&w)), ERR_LIMIT, "tcb_info.tcbLevels");
    CHECK_ERR("65 advisories",
              parse_result(edit(&arena, BODY, "\"UpToDate\"",
                                edit_str(&arena, "\"UpToDate\",\"advisoryIDs\":[\"X\"~]", "~",
                                         edit_repeat(&arena, ",\"X\"", 64)))),
              ERR_LIMIT, "tcb_info.tcbLevels.advisoryIDs");
    CHECK_ERR("an advisory of 65 characters",
              parse_result(edit(&arena, BODY, "\"UpToDate\"",
                                edit_str(&arena, "\"UpToDate\",\"advisoryIDs\":[\"~\"]", "~",
                                         edit_repeat(&arena, "X", 65)))),
              ERR_MALFORMED, "tcb_info.tcbLevels.advisoryIDs");
}

static void tcb_info_refuses_each_truncation(void **state)
{
    (void)state;
    for (size_t n = 0; n < strlen(BODY); n++) {
        begin();
        CHECK_INT("truncated", parse_result(span_of(BODY, n)).code, ERR_MALFORMED);
    }
}

static void tcb_info_fails_cleanly_at_each_allocation(void **state)
{
    bool done = false;

    (void)state;
    for (size_t n = 1; !done; n++) {
        struct arena a = arena_over(4 << 20);
        struct tcb_info info;
        struct err e = { 0 };

        a.fail_at = n;
        done = tcb_info_parse(span_str(BODY_V2), &a, &info, &e);
        CHECK("memory or done", done || e.code == ERR_MEMORY);
        arena_fini(&a);
    }
}

static void tcb_info_reads_real_documents(void **state)
{
    static const struct {
        const char *file;
        uint32_t version, number;
        size_t levels;
    } rows[] = {
        { "sgx/collateral/00606A000000-2025-08/tcb_info.json", 3, 17, 11 },
        { "sgx/collateral/00906ED50000-2022-04/tcb_info.json", 2, 12, 13 },
        { "sgx/collateral/00906ED50000-2025-05/tcb_info.json", 3, 17, 19 },
        { "sgx/collateral/00906ED50000-2025-05/tcb_info_apiv3.json", 2, 17, 19 },
        { "sgx/collateral/00906ED50000-2025-05/tcb_info_early.json", 3, 19, 21 },
        { "sgx/collateral/00A067110000-2025-06/tcb_info.json", 3, 17, 11 },
        { "sgx/alt-root/tcbInfo.json", 2, 3, 6 },
        { "simulator/base/tcb_info.json", 3, 16, 6 },
        { "simulator/tdx-relaunch/tcb_info.json", 3, 16, 2 },
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span file = check_vector(rows[i].file);
        struct tcb_info info;
        struct signed_json s;
        struct err e = { 0 };

        CHECK_OK(rows[i].file, tcb_info_open(file, &arena, &s, &e), e);
        CHECK_OK(rows[i].file, tcb_info_parse(s.body, &arena, &info, &e), e);
        CHECK_INT(rows[i].file, info.version, rows[i].version);
        CHECK_INT(rows[i].file, info.evaluation_data_number, rows[i].number);
        CHECK_INT(rows[i].file, info.level_count, rows[i].levels);
        free((void *)(uintptr_t)file.p);
    }
}

static bool open_and_parse(const char *name, struct err *err)
{
    char path[128];
    struct signed_json s;
    struct tcb_info info;
    struct span file;
    bool ok;

    snprintf(path, sizeof path, "sgx/parse/report_data/%s.json", name);
    file = check_vector(path);
    CHECK(name, file.n > 0);
    ok = tcb_info_open(file, &arena, &s, err) && tcb_info_parse(s.body, &arena, &info, err);
    free((void *)(uintptr_t)file.p);
    return ok;
}

/* All of these are of version 1, which is history; most are broken in a way of their own, too. */
static void tcb_info_refuses_documents_of_version_1(void **state)
{
    static const char *const names[] = {
        "tcbInfo",
        "tcbInfo_with_pceid",
        "tcbInfoNegativeCompSvn",
        "tcbInfoNegativeFloat",
        "tcbInfoNegativeIntegerOverflow",
        "tcbInfoNegativeIntegerWithSign",
        "tcbInfoNegativeInvalidIssueDate",
        "tcbInfoNegativeInvalidNextUpdate",
        "tcbInfoNegativeMissingNextUpdate",
        "tcbInfoNegativePceSvn",
        "tcbInfoNegativePropertyMissingLevel0",
        "tcbInfoNegativePropertyMissingLevel1",
        "tcbInfoNegativePropertyMissingLevel2",
        "tcbInfoNegativePropertyMissingLevel3",
        "tcbInfoNegativePropertyWrongTypeLevel0",
        "tcbInfoNegativePropertyWrongTypeLevel1",
        "tcbInfoNegativePropertyWrongTypeLevel2",
        "tcbInfoNegativePropertyWrongTypeLevel3",
        "tcbInfoNegativeSignature",
        "tcbInfoNegativeStringEscape",
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    for (size_t i = 0; i < COUNT(names); i++) {
        struct err e = { 0 };

        CHECK(names[i], !open_and_parse(names[i], &e));
        CHECK_INT(names[i], e.code, ERR_MALFORMED);
        if (i < 2)
            CHECK_ERR(names[i], e, ERR_MALFORMED, "tcb_info.version");
    }
}

TEST_MAIN(tcb_info_reads_version_3, tcb_info_reads_version_2,
          tcb_info_reads_a_document_for_trust_domains, tcb_info_refuses_what_the_service_never_says,
          km_18_tcb_info_refuses_other_than_sixteen_components,
          km_35_tcb_info_reads_hex_of_either_case_and_nothing_else,
          km_34_tcb_info_open_keeps_the_bytes_as_sent, km_19_tcb_info_sorts_the_levels_itself,
          km_17_tcb_level_needs_every_component, tcb_level_find_does_not_look_for_the_best_status,
          km_17_tcb_level_found_is_never_above_the_platform, tcb_level_short_names_what_is_too_low,
          tcb_level_goal_is_the_nearest_of_the_best, tcb_info_bounds_levels_and_advisories,
          tcb_info_refuses_each_truncation, tcb_info_fails_cleanly_at_each_allocation,
          tcb_info_reads_real_documents, tcb_info_refuses_documents_of_version_1)
