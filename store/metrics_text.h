/*
 * metrics_text.h - the metrics as texts: for Prometheus, and as the reference in docs/metrics.md. Both come from the table (metrics.h).
 */
#ifndef PHOTON_METRICS_TEXT_H
#define PHOTON_METRICS_TEXT_H

#include <stdio.h>

#include "store/metrics.h"

/* Prometheus's text format, version 0.0.4: what it is, and the values. Metrics whose value is not known are left out. */
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
void metrics_text(const struct metrics *metrics, FILE *out);

/* A table of all metrics, and one of the values of their labels, in Markdown. */
void metrics_markdown(FILE *out);

#endif
