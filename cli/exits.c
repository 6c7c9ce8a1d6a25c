/*
 * exits.c - the table of exit codes.
 */
#include "cli/exits.h"

#include "muon/muon.h"

const struct exit_row exit_rows[] = {
    {EXIT_DONE, "done", "done; also when the reader of the output closed it early", NULL},
    {EXIT_FAILED, "failed",
     "something that no other code names: an internal error, output that cannot be written", NULL},
    {EXIT_USAGE, "usage", "the command line is wrong; nothing was sent", "See `muon --help`."},
    {EXIT_BAD_INPUT, "bad-input",
     "the input is malformed, or the store refused it as invalid; what came before it is stored",
     "Mend what is named, and try again."},
    {EXIT_NOT_FOUND, "not-found",
     "no such event, service or context, or the service has no such path",
     "`muon streams` lists the streams there are."},
    {EXIT_CONFLICT, "conflict",
     "an expected version does not hold, an event id or the name of a context is taken, or the "
     "store "
     "is another one than it must be, or not empty",
     "Read the stream again, decide again, and emit with its new version."},
    {EXIT_DENIED, "denied", "the server does not accept, or does not allow, who you are",
     "Give the certificate that the server trusts: --cert, --key and --ca, or --certs with their "
     "folder. `muon doctor` tells which of them is wrong."},
    {EXIT_UNREACHABLE, "unreachable",
     "the server cannot be reached; or it, or the service, cannot take more now",
     "Is photond running there? `muon doctor` looks closer; --server or MUON_URL names another."},
    {EXIT_TIMED_OUT, "timed-out", "no answer in time; what was asked may have been done",
     "Try again, or give more time with --timeout; with event ids nothing is stored twice."},
    {EXIT_TOO_LARGE, "too-large",
     "an event, a batch or a body is over the server's limit; it was not stored, or not sent",
     "Make it smaller, or lower --batch; `muon info` shows the limits."},
    {EXIT_PARTLY_DONE, "partly-done",
     "with --keep-going: some lines were refused, all others are stored",
     "Mend the lines named above and emit them again."},
    {EXIT_ANSWERED, "answered",
     "the service has answered with a status other than 200; what it says is on standard error",
     "That is the service's own word; `muon introspect` shows what it offers."},
    {EXIT_LOST, "lost",
     "the service was lost, or has failed, before it was done; what was asked may have been done",
     "`muon discover` tells whether it is back. Ask again only if that does no harm."},
    {EXIT_INTERRUPTED, "interrupted",
     "stopped by Ctrl-C; what was sent before it has been waited for", NULL},
};

const size_t exit_row_count = sizeof(exit_rows) / sizeof(exit_rows[0]);

const struct exit_row *exit_row_of(enum exit_code code)
{
    for (size_t i = 0; i < exit_row_count; i++)
        if (exit_rows[i].code == code)
            return &exit_rows[i];
    return &exit_rows[EXIT_FAILED];
}

enum exit_code exit_of_status(int32_t status)
{
    switch (status) {
    case MUON_OK:
    case MUON_END:
        return EXIT_DONE;
    case MUON_EINVAL:
        return EXIT_BAD_INPUT;
    case MUON_ENOENT:
        return EXIT_NOT_FOUND;
    case MUON_ECONFLICT:
    case MUON_EEXIST:
    case MUON_EWRONGSTORE:
        return EXIT_CONFLICT;
    case MUON_EAUTH:
    case MUON_EPERM:
        return EXIT_DENIED;
    case MUON_EUNAVAIL:
        return EXIT_UNREACHABLE;
    case MUON_EREMOTE:
        return EXIT_LOST;
    case MUON_ETIMEDOUT:
        return EXIT_TIMED_OUT;
    case MUON_ETOOBIG:
        return EXIT_TOO_LARGE;
    case MUON_ECANCELLED:
        return EXIT_INTERRUPTED;
    default:
        return EXIT_FAILED;
    }
}
