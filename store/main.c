/*
 * main.c - photond: one verb, one exit code (exit_codes.h).
 */
#include <stdio.h>

#include "store/audit.h"
#include "store/describe.h"
#include "store/init.h"
#include "store/metrics_text.h"
#include "store/options.h"
#include "store/run.h"

static enum exit_code show_config(const struct options *options)
{
    struct settings settings;
    if (options->form == CONFIG_SETTINGS) {
        describe_settings_markdown(stdout);
        return EXIT_CODE_OK;
    }
    if (options->form == CONFIG_EXIT_CODES) {
        describe_exit_codes_markdown(stdout);
        return EXIT_CODE_OK;
    }
    if (options->form == CONFIG_METRICS) {
        metrics_markdown(stdout);
        return EXIT_CODE_OK;
    }
    enum exit_code code = options_load(options, &settings);
    if (options->form == CONFIG_EXAMPLE)
        describe_file(&settings, stdout);
    else
        describe_values(&settings, stdout);
    settings_fini(&settings);
    return code;
}

static enum exit_code run_verb(const struct options *options)
{
    switch (options->verb) {
    case VERB_INIT:
        return init_run(&options->init, stdout, stderr);
    case VERB_CERT:
        return init_cert(&options->init, options->client, stdout, stderr);
    case VERB_CONFIG:
        return show_config(options);
    case VERB_CHECK_CONFIG:
        return run_check(options);
    case VERB_VERIFY:
        return audit_run(options);
    case VERB_RUN:
    case VERB_COUNT:
        break;
    }
    return run_store(options);
}

int main(int argc, char **argv)
{
    static struct options options;
    options_parse(&options, argc, argv);
    return (int)run_verb(&options);
}
