/*
 * limits - every bound of the policy engine, in one place
 *
 * Source   the policy language, 8.3 and 10.4
 */
#ifndef CUPEL_POLICY_LIMITS_H
#define CUPEL_POLICY_LIMITS_H

enum {
    POLICY_TEXT_LIMIT = 131072,        /* bytes of a policy */
    POLICY_RULE_LIMIT = 4096,          /* rules in all sections */
    POLICY_CONDITION_LIMIT = 64,       /* conditions of a rule */
    POLICY_TEST_LIMIT = 16,            /* tests of a condition */
    POLICY_CALL_DEPTH = 32,            /* calls inside one another */
    POLICY_STRING_LIMIT = 16384,       /* bytes of a string literal, unescaped */
    POLICY_NAME_LIMIT = 128,           /* characters of an identifier */
    POLICY_CLAIM_LIMIT = 16384,        /* claims in the incoming set */
    POLICY_JSON_DEPTH = 64,            /* arrays and objects open at once */
    POLICY_JSON_BYTES = 16 << 20,      /* JSON text of one claim */
    POLICY_COMPUTED_LIMIT = 1 << 20,   /* bytes of a computed string */
    POLICY_WORK_LIMIT = 10000000,      /* steps of one evaluation */
    POLICY_DRAFT_WORK_LIMIT = 1000000, /* the same for a draft */
    POLICY_COMPILE_MEMORY = 64 << 20,  /* bytes while compiling, constants included */
    POLICY_ERRORS_REPORTED = 20,       /* errors of one text */
    POLICY_WARNINGS_REPORTED = 4096,   /* warnings of one text */
};

#endif
