/*
 * json-string.h - the text inside a JSON string, and a text as a JSON string.
 */
#ifndef MUON_CLI_JSON_STRING_H
#define MUON_CLI_JSON_STRING_H

#include <stddef.h>
#include <stdio.h>

/* Undo the escapes of what stands between the quotes of a string that scan.h has accepted, in place: it never grows. Returns
 * the new length; "\u0000" becomes a NUL byte. */
size_t json_string_unescape(char *text, size_t len);

/* Write text (UTF-8) as a JSON string, quotes included. */
void json_string_print(FILE *out, const char *text, size_t len);

#endif
