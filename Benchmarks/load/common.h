/* What the load programs share: the clock, a growable buffer, sockets, HTTP headers. Plain C for Linux, no dependencies. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static inline uint64_t now_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

__attribute__((format(printf, 1, 2), noreturn)) static inline void die(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

/* ---- growable byte buffer: [off, len) is what has not been taken out yet ---- */

typedef struct {
    char *p;
    uint32_t len, cap, off;
} buf_t;

static inline void buf_reserve(buf_t *b, size_t more) {
    if (b->off && b->off == b->len) b->off = b->len = 0;
    if (b->len + more <= b->cap) return;
    if (b->off) {
        memmove(b->p, b->p + b->off, b->len - b->off);
        b->len -= b->off;
        b->off = 0;
        if (b->len + more <= b->cap) return;
    }
    size_t cap = b->cap ? b->cap : 512;
    while (cap < b->len + more) cap *= 2;
    b->p = (char *)realloc(b->p, cap);
    if (!b->p) die("out of memory");
    b->cap = (uint32_t)cap;
}

static inline void buf_add(buf_t *b, const void *d, size_t n) {
    buf_reserve(b, n);
    memcpy(b->p + b->len, d, n);
    b->len += (uint32_t)n;
}

static inline void buf_puts(buf_t *b, const char *s) { buf_add(b, s, strlen(s)); }
static inline void buf_clear(buf_t *b) { b->len = b->off = 0; }

static inline void buf_free(buf_t *b) {
    free(b->p);
    memset(b, 0, sizeof *b);
}

/* ---- sockets ---- */

static inline void set_nodelay(int fd) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static inline struct sockaddr_in ipv4(const char *host, int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, host, &a.sin_addr) != 1) die("bad address %s", host);
    return a;
}

static inline int listen_on(const char *host, int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = ipv4(host, port);
    if (bind(fd, (struct sockaddr *)&a, sizeof a)) die("bind %s:%d: %s", host, port, strerror(errno));
    if (listen(fd, 4096)) die("listen: %s", strerror(errno));
    return fd;
}

static inline void raise_nofile(void) {
    struct rlimit r;
    getrlimit(RLIMIT_NOFILE, &r);
    r.rlim_cur = r.rlim_max;
    setrlimit(RLIMIT_NOFILE, &r);
}

/* ---- HTTP ---- */

/* The value of a header inside [h, h+n), any case; its length in *vlen. NULL when it is not there. */
static inline const char *find_header(const char *h, size_t n, const char *name, size_t *vlen) {
    size_t nl = strlen(name);
    const char *end = h + n, *p = h;
    while (p < end) {
        const char *e = (const char *)memchr(p, '\n', (size_t)(end - p));
        if (!e) e = end;
        if ((size_t)(e - p) > nl && p[nl] == ':' && strncasecmp(p, name, nl) == 0) {
            const char *v = p + nl + 1;
            while (v < e && (*v == ' ' || *v == '\t')) v++;
            while (e > v && (e[-1] == '\r' || e[-1] == ' ')) e--;
            *vlen = (size_t)(e - v);
            return v;
        }
        p = e + 1;
    }
    return NULL;
}

static inline int header_is(const char *head, size_t n, const char *name, const char *value) {
    size_t vl;
    const char *v = find_header(head, n, name, &vl);
    return v && vl == strlen(value) && !strncasecmp(v, value, vl);
}

static inline size_t content_length(const char *h, size_t n) {
    size_t vl;
    const char *v = find_header(h, n, "Content-Length", &vl);
    return v ? strtoul(v, NULL, 10) : 0;
}
#endif
