/* audit.c - see audit.h. */
#include "store/audit.h"

#include <inttypes.h>
#include <stdio.h>

#include "store/verify.h"

static void show_fault(void *user, const char *text)
{
    unsigned *shown = user;
    if ((*shown)++ < AUDIT_FAULTS_SHOWN)
        printf("%s\n", text);
}

static void show_sums(const char *dir, const struct verify *verify)
{
    printf("%s: %" PRIu64 " records, %" PRIu64 " events (%" PRIu64 " of them erased), %" PRIu64
           " streams, %" PRIu64 " event ids: ",
           dir, verify->records, verify->events, verify->erased, verify->streams, verify->ids);
    if (verify->faults == 0) {
        printf("sound\ndigest ");
        for (size_t i = 0; i < sizeof verify->digest; i++)
            printf("%02x", verify->digest[i]);
        printf(" up to order id %" PRIu64 "\n", verify->last_order_id);
    } else {
        printf("%" PRIu64 " faults\n", verify->faults);
    }
}

static enum exit_code verify_dir(const char *dir)
{
    unsigned shown = 0;
    struct error error = {0};
    struct verify verify = {.fault = show_fault, .user = &shown};
    enum log_fault fault = verify_run(dir, &verify, &error);
    enum exit_code code = exit_code_of_fault(fault);
    if (fault == LOG_OK || verify.faults > 0)
        show_sums(dir, &verify);
    else
        fprintf(stderr, "photond: %s; %s\n", error.message, exit_code_entry(code)->remedy);
    return code;
}

enum exit_code audit_run(const struct options *options)
{
    struct settings settings;
    enum exit_code code = options_load(options, &settings);
    if (code == EXIT_CODE_OK)
        code = verify_dir(settings_text(&settings, SETTING_DATA_DIR));
    settings_fini(&settings);
    return code;
}
