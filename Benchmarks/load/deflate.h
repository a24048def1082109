/* permessage-deflate (RFC 7692) for the load generator, without context takeover on either side, where bench found zlib (WITH_DEFLATE). */
#ifndef BENCH_DEFLATE_H
#define BENCH_DEFLATE_H
#include "common.h"

#define DEFLATE_OFFER "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
enum { DEFLATE_FROM = 256 };    /* shorter messages go out as they are */

#ifdef WITH_DEFLATE
#include <zlib.h>

/* Compresses a message into o, from its start. */
static void deflate_message(const char *p, size_t n, buf_t *o) {
    static z_stream z;
    static int ready;
    if (!ready && (ready = 1) && deflateInit2(&z, 1, Z_DEFLATED, -12, 8, Z_DEFAULT_STRATEGY) != Z_OK) die("zlib does not start");
    deflateReset(&z);
    buf_clear(o);
    buf_reserve(o, n + n / 8 + 64);
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)o->p;
    z.avail_out = o->cap;
    if (deflate(&z, Z_SYNC_FLUSH) != Z_OK || z.avail_in) die("zlib: %s", z.msg ? z.msg : "no room");
    o->len = o->cap - z.avail_out - 4;      /* less the 00 00 ff ff that each message would end with */
}

/* The message that n bytes at p stand for, or NULL. All subscribers get the same bytes, so the latest few are kept with what they
 * stand for: then a message costs a comparison. Its length in *len. */
static const char *inflate_message(const char *p, size_t n, size_t *len) {
    static struct {
        buf_t from, to;
    } known[16];
    static unsigned next, latest;
    static z_stream z;
    static int ready;
    for (unsigned i = 0; i < 16; i++) {
        unsigned k = (latest + i) % 16;
        if (!known[k].from.len || known[k].from.len != n || memcmp(known[k].from.p, p, n)) continue;
        latest = k;
        *len = known[k].to.len;
        return known[k].to.p;
    }
    if (!ready && (ready = 1) && inflateInit2(&z, -15) != Z_OK) die("zlib does not start");
    inflateReset(&z);
    buf_t *from = &known[next % 16].from, *to = &known[next % 16].to;
    latest = next++ % 16;
    buf_clear(from);
    buf_clear(to);
    buf_add(from, p, n);
    buf_add(from, "\0\0\xff\xff", 4);
    z.next_in = (Bytef *)from->p;
    z.avail_in = from->len;
    int e;
    do {
        buf_reserve(to, 4096);
        z.next_out = (Bytef *)to->p + to->len;
        z.avail_out = to->cap - to->len;
        uInt room = z.avail_out;
        e = inflate(&z, Z_SYNC_FLUSH);
        to->len += room - z.avail_out;
    } while (e == Z_OK && (z.avail_in || !z.avail_out));
    from->len = (uint32_t)n;
    if ((e != Z_OK && e != Z_BUF_ERROR && e != Z_STREAM_END) || z.avail_in) {
        from->len = 0;
        return NULL;
    }
    *len = to->len;
    return to->p;
}
#else
static void deflate_message(const char *p, size_t n, buf_t *o) { buf_add(o, p, n); }
static const char *inflate_message(const char *p, size_t n, size_t *len) { return (void)p, (void)n, (void)len, NULL; }
#endif
#endif
