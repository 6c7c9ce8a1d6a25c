/*
 * metrics_text.c - see metrics_text.h.
 *
 * A histogram's bins are counted together from below, as Prometheus wants them; its count is made of the same bins, so that the two always
 * agree, however much is added meanwhile. Its sum may be of an instant later.
 */
#include "store/metrics_text.h"

#include <inttypes.h>

static const char *const TYPES[] = {
    [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

static uint64_t number_at(const struct metrics *metrics, size_t offset)
{
    return *(const uint64_t *)((const char *)metrics + offset);
}

static void put_number(FILE *out, uint64_t number, bool us)
{
    if (us)
        fprintf(out, " %" PRIu64 ".%06" PRIu64 "\n", number / 1000000, number % 1000000);
    else
        fprintf(out, " %" PRIu64 "\n", number);
}

static void put_values(const struct metrics *metrics, const struct metric *metric, FILE *out)
{
    const struct metric_label *label = metric->label;
    for (size_t i = 0; i < (label ? label->len : 1); i++) {
        fputs(metric->name, out);
        if (label)
            fprintf(out, "{%s=\"%s\"}", label->name, label->value(i));
        put_number(out, number_at(metrics, metric->offset + i * sizeof(uint64_t)), metric->us);
    }
}

static void put_histogram(const struct metrics *metrics, const struct metric *metric, FILE *out)
{
    const struct histogram_values *values =
        (const struct histogram_values *)((const char *)metrics + metric->offset);
    uint64_t count = 0;
    for (unsigned bin = 0; bin < HISTOGRAM_BINS; bin++) {
        count += values->bin[bin];
        if (bin >= metric->first && bin <= metric->last)
            fprintf(out, "%s_bucket{le=\"%.10g\"} %" PRIu64 "\n", metric->name,
                    (double)((uint64_t)1 << bin) / (metric->us ? 1e6 : 1), count);
    }
    fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum", metric->name, count, metric->name);
    put_number(out, values->sum, metric->us);
    fprintf(out, "%s_count %" PRIu64 "\n", metric->name, count);
}

void metrics_text(const struct metrics *metrics, FILE *out)
{
    size_t len;
    const struct metric *metric = metrics_table(&len);
    for (; len > 0; metric++, len--) {
        if (metric->known != METRIC_ALWAYS && !number_at(metrics, metric->known))
            continue;
        fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
                TYPES[metric->type]);
        if (metric->type == METRIC_HISTOGRAM)
            put_histogram(metrics, metric, out);
        else
            put_values(metrics, metric, out);
    }
}

/* ---- the reference ---- */

static bool is_first_with_its_label(const struct metric *table, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (table[i].label == table[at].label)
            return false;
    return table[at].label != NULL;
}

static void put_label(const struct metric_label *label, FILE *out)
{
    fprintf(out, "| `%s` | ", label->name);
    for (size_t i = 0; i < label->len; i++)
        fprintf(out, "%s%s", i ? ", " : "", label->value(i));
    fputs(" |\n", out);
}

void metrics_markdown(FILE *out)
{
    size_t len;
    const struct metric *table = metrics_table(&len);
    fputs("| metric | type | unit | label | meaning |\n|---|---|---|---|---|\n", out);
    for (size_t i = 0; i < len; i++)
        fprintf(out, "| `%s` | %s | %s | %s | %s |\n", table[i].name, TYPES[table[i].type],
                table[i].unit ? table[i].unit : "", table[i].label ? table[i].label->name : "",
                table[i].help);
    fputs("\n| label | values |\n|---|---|\n", out);
    for (size_t i = 0; i < len; i++)
        if (is_first_with_its_label(table, i))
            put_label(table[i].label, out);
}
