/*
 * entry-in.c - see entry-in.h.
 *
 * By tables, as event-in.c does it, but without its leniency: nothing is made up, passed over or understood in two ways.
 */
#include "cli/entry-in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/base64.h"
#include "cli/hex.h"
#include "cli/json-string.h"
#include "cli/scan.h"

enum kind {
    KIND_TEXT,
    KIND_JSON,   /* of any kind, kept as it stands */
    KIND_BASE64, /* a string; wins over KIND_JSON for the same place */
    KIND_NUMBER,
    KIND_SWITCH,
    KIND_DIGEST,
    KIND_ERASED, /* an object, whose members come from another table */
    KIND_CUT
};

struct field {
    const char *name;
    enum kind kind;
    size_t offset; /* in muon_entry */
};

#define AT(member) offsetof(muon_entry, member)

static const struct field fields[] = {
    {"event-id", KIND_TEXT, AT(event_id)},
    {"event-type", KIND_TEXT, AT(type)},
    {"stream-name", KIND_TEXT, AT(stream)},
    {"id", KIND_TEXT, AT(id)},
    {"service-id", KIND_TEXT, AT(service)},
    {"schema", KIND_TEXT, AT(schema)},
    {"payload", KIND_JSON, AT(payload)},
    {"payload-base64", KIND_BASE64, AT(payload)},
    {"content-type", KIND_TEXT, AT(content_type)},
    {"caused-by", KIND_TEXT, AT(caused_by)},
    {"caused-by-relation", KIND_TEXT, AT(caused_by_relation)},
    {"traceparent", KIND_TEXT, AT(traceparent)},
    {"metadata", KIND_JSON, AT(metadata)},
    {"metadata-base64", KIND_BASE64, AT(metadata)},
    {"order-id", KIND_NUMBER, AT(order_id)},
    {"version", KIND_NUMBER, AT(version)},
    {"event-time", KIND_NUMBER, AT(time_ms)},
    {"erased", KIND_ERASED, 0},
    {"cut", KIND_CUT, 0},
    {NULL, KIND_TEXT, 0},
};
static const struct field erased_fields[] = {
    {"event-id", KIND_TEXT, AT(event_id)},
    {"content-digest", KIND_DIGEST, AT(content_digest)},
    {"event-digest", KIND_DIGEST, AT(event_digest)},
    {NULL, KIND_TEXT, 0},
};
static const struct field cut_fields[] = {
    {"stream-name", KIND_TEXT, AT(stream)},
    {"by-order-id", KIND_NUMBER, AT(cut_by)},
    {"tombstone", KIND_SWITCH, AT(tombstone)},
    {NULL, KIND_TEXT, 0},
};

struct parse {
    struct entry_in *in;
    struct event_fault *fault;
    int32_t kind;
};

static bool fault_at(struct parse *p, const char *where, const char *format, const char *detail)
{
    return line_in_fault(p->fault, p->in->line, where, format, detail);
}

static bool wrong(struct parse *p, struct scan_text value, const struct field *f)
{
    return fault_at(p, value.ptr, "the field \"%s\" is not what an export writes", f->name);
}

static bool take_string(struct parse *p, const struct field *f, struct scan_text value,
                        muon_str *text)
{
    if (value.ptr[0] != '"')
        return wrong(p, value, f);
    text->ptr = value.ptr + 1;
    text->len = json_string_unescape(value.ptr + 1, value.len - 2);
    return true;
}

static bool set_base64(struct parse *p, const struct field *f, struct scan_text value,
                       muon_str *out)
{
    muon_str text = {NULL, 0};
    size_t len = 0;
    if (!take_string(p, f, value, &text))
        return false;
    if (!base64_decode(value.ptr + 1, text.len, &len))
        return wrong(p, value, f);
    *out = (muon_str){text.ptr, len};
    return true;
}

static bool set_number(struct parse *p, const struct field *f, struct scan_text value, int64_t *out)
{
    enum { DIGITS_MAX = 18 };
    int64_t number = 0;
    if (value.len == 0 || value.len > DIGITS_MAX)
        return wrong(p, value, f);
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9')
            return wrong(p, value, f);
        number = number * 10 + (value.ptr[i] - '0');
    }
    *out = number;
    return true;
}

static bool set_switch(struct parse *p, const struct field *f, struct scan_text value,
                       uint32_t *out)
{
    *out = value.len == 4 && memcmp(value.ptr, "true", 4) == 0;
    return *out || wrong(p, value, f);
}

static bool set_members(struct parse *p, const struct field *table, struct scan_text object);

static bool set_object(struct parse *p, const struct field *f, struct scan_text value)
{
    if (p->kind != MUON_ENTRY_EVENT || value.ptr[0] != '{')
        return wrong(p, value, f);
    p->kind = f->kind == KIND_ERASED ? MUON_ENTRY_ERASED : MUON_ENTRY_CUT;
    return set_members(p, f->kind == KIND_ERASED ? erased_fields : cut_fields, value);
}

static bool set_field(struct parse *p, const struct field *f, struct scan_text value)
{
    void *place = (char *)&p->in->entry + f->offset;
    muon_str text = {NULL, 0};
    switch (f->kind) {
    case KIND_TEXT:
        return take_string(p, f, value, place);
    case KIND_JSON:
        *(muon_str *)place = (muon_str){value.ptr, value.len};
        return true;
    case KIND_BASE64:
        return set_base64(p, f, value, place);
    case KIND_NUMBER:
        return set_number(p, f, value, place);
    case KIND_SWITCH:
        return set_switch(p, f, value, place);
    case KIND_DIGEST:
        return take_string(p, f, value, &text) &&
               (hex_digest_read(text.ptr, text.len, place) || wrong(p, value, f));
    case KIND_ERASED:
    case KIND_CUT:
        return set_object(p, f, value);
    }
    return false;
}

static const struct field *find_field(const struct field *table, struct scan_text key)
{
    for (; table->name; table++)
        if (strlen(table->name) == key.len && memcmp(table->name, key.ptr, key.len) == 0)
            return table;
    return NULL;
}

/* JSON goes first, so that the base64 of the same bytes wins. */
static bool set_those(struct parse *p, const struct field *table, struct scan_member *members,
                      size_t count, bool base64)
{
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++) {
        const struct field *f = find_field(table, members[i].key);
        for (size_t j = 0; j < i && f && ok && !base64; j++)
            if (find_field(table, members[j].key) == f)
                ok = fault_at(p, members[i].key.ptr, "the field \"%s\" is given twice", f->name);
        if (!f)
            ok = fault_at(p, members[i].key.ptr, "there is a field that no export writes%s", "");
        else if (ok && (f->kind == KIND_BASE64) == base64)
            ok = set_field(p, f, members[i].value);
    }
    return ok;
}

static bool set_members(struct parse *p, const struct field *table, struct scan_text object)
{
    struct scan_member members[SCAN_MEMBERS_MAX];
    struct scan_fault bad;
    size_t count;
    if (!scan_object(object.ptr, object.len, members, &count, &bad))
        return fault_at(p, object.ptr + bad.at, "malformed JSON: %s", bad.why);
    return set_those(p, table, members, count, false) && set_those(p, table, members, count, true);
}

static bool check_required(struct parse *p)
{
    const muon_entry *e = &p->in->entry;
    const char *missing = NULL;
    if (e->order_id == 0)
        missing = "order-id";
    else if (e->version == 0 && !e->tombstone)
        missing = "version";
    else if (p->kind == MUON_ENTRY_EVENT && e->event_id.len == 0)
        missing = "event-id";
    else if (p->kind == MUON_ENTRY_EVENT && e->type.len == 0)
        missing = "event-type";
    else if (p->kind != MUON_ENTRY_ERASED && e->stream.len == 0)
        missing = "stream-name";
    if (!missing)
        return true;
    return fault_at(p, NULL, "the field \"%s\" is missing, which every line of an export has",
                    missing);
}

bool entry_in_parse(struct entry_in *in, const char *line, size_t len, struct event_fault *fault)
{
    struct parse p = {.in = in, .fault = fault, .kind = MUON_ENTRY_EVENT};
    memset(&in->entry, 0, sizeof(in->entry));
    if (!line_in_copy(&in->line, &in->line_bytes, line, len, fault) ||
        !set_members(&p, fields, (struct scan_text){in->line, len}) || !check_required(&p))
        return false;
    in->entry.kind = p.kind;
    return true;
}

void entry_in_free(struct entry_in *in)
{
    free(in->line);
    memset(in, 0, sizeof(*in));
}
