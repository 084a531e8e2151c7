#include "endpoint.h"

#include <unistd.h>

#include "../format/json.h"
#include "../host/file.h"

enum { MEMORY_MAX_BYTES = 65536 };

static void write_member(struct writer *w, const char *name, const char *value)
{
    write_format(w, "\"%s\": ", name);
    if (value)
        json_write_string(w, span_str(value));
    else
        write_text(w, "null");
}

static void write_endpoint(struct writer *w, const struct endpoint *e)
{
    write_text(w, "{");
    write_member(w, "url", e->url);
    write_text(w, ", ");
    write_member(w, "ca", e->ca);
    write_text(w, ", ");
    write_member(w, "admin_url", e->admin_url);
    write_text(w, "}\n");
}

static bool write_in(struct arena *a, const char *data_dir, const struct endpoint *e,
                     struct err *err)
{
    const char *run = file_join(a, data_dir, "run");
    const char *path = run ? file_join(a, run, "endpoint.json") : NULL;
    struct writer w = writer_in(a, 256);
    struct span text;

    write_endpoint(&w, e);
    if (!path)
        return arena_fail(a, err);
    return writer_done(&w, &text, err) && file_make_dir(run, 0755, err) &&
           file_replace(path, text, 0644, err);
}

bool endpoint_write(const char *data_dir, const struct endpoint *e, struct err *err)
{
    struct arena a = arena_over(MEMORY_MAX_BYTES);
    bool is_written = write_in(&a, data_dir, e, err);

    arena_fini(&a);
    return is_written;
}

void endpoint_remove(const char *data_dir)
{
    struct arena a = arena_over(MEMORY_MAX_BYTES);
    const char *path = file_join(&a, data_dir, "run/endpoint.json");

    if (path)
        unlink(path);
    arena_fini(&a);
}
