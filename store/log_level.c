/*
 * log_level.c - see log_level.h. That it changes is said while the one of the two levels is in force that says more.
 */
#include "store/log_level.h"

#include "store/admin.h"
#include "store/logline.h"

static enum admin_log_level in_contract(enum logline_level level)
{
    return (enum admin_log_level)(level + 1);
}

static void begin(struct serve_call *call, void *service, struct bytes *message)
{
    enum admin_log_level level;
    struct error error;
    (void)service; /* there is one log */
    serve_call_set(call, NULL);
    if (log_level_request_decode(bytes_span(message), &level, &error)) {
        serve_finish(call, &error);
        return;
    }
    enum logline_level was = logline_level();
    enum logline_level is =
        level == ADMIN_LOG_SETTINGS ? logline_settings_level() : (enum logline_level)(level - 1);
    struct log_level_response response = {in_contract(is), in_contract(was)};
    if (is > was)
        logline_override(is);
    logline_with(LOGLINE_INFO, "log level changed",
                 logline_text("was", admin_log_level_name(in_contract(was))),
                 logline_text("is", admin_log_level_name(in_contract(is))));
    logline_override(is);
    admin_answer(call, log_level_response_encode(&response));
}

const struct serve_method log_level_method = {.path = "/muon.v1.AdminService/SetLogLevel",
                                              .begin = begin,
                                              .lost = admin_over,
                                              .gone = admin_over};
