#include "keep_page.h"

/* A copy of a whole image, once more when it was torn and the next one is larger. */
enum { COPY_MEMORY = 3 * STATE_IMAGE_MAX };

bool keep_page_make(int *out, int *out_read_only, struct err *err)
{
    return page_make("cupel-state", STATE_IMAGE_MAX, out, out_read_only, err);
}

struct page *keep_page_map(int fd, bool may_write, struct err *err)
{
    return page_map(fd, STATE_IMAGE_MAX, may_write, err);
}

void keep_page_unmap(struct page *p)
{
    page_unmap(p, STATE_IMAGE_MAX);
}

void keep_page_publish(struct page *p, struct span image)
{
    page_publish(p, STATE_IMAGE_MAX, image);
}

struct state *keep_page_state(const struct page *p, uint64_t *turn, struct err *err)
{
    struct arena a = arena_over(COPY_MEMORY);
    struct state *state = NULL;
    struct span image;
    uint64_t now = 0;

    if (page_read(p, STATE_IMAGE_MAX, &a, &image, &now))
        state = state_parse(image, err);
    else
        err_fail(err, ERR_IO, NULL, "the keeper has not published the state yet");
    arena_fini(&a);
    if (state)
        *turn = now;
    return state;
}
