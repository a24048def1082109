/* The publishing side: HTTP with keep-alive, one request in flight on each connection. */
#ifndef BENCH_PUBLISHER_H
#define BENCH_PUBLISHER_H
#include "payload.h"

static int ep;
enum { IS_CLIENT, IS_PUBLISHER };

/* Registers fd for events. The lowest bit of the epoll data tells publishers from WebSocket clients. */
static void watch(int op, int fd, void *who, int what, int out) {
    struct epoll_event ev = {.events = EPOLLIN | (out ? EPOLLOUT : 0u)};
    ev.data.u64 = (uint64_t)(uintptr_t)who | (uint64_t)what;
    epoll_ctl(ep, op, fd, &ev);
}

/* Where and what to publish, and how many publishes were answered with 2xx or not. */
static struct {
    url_t url;
    const char *body, *headers[32];
    int n_headers;
    size_t size;
    uint64_t ok, err;
} pub_to = {.body = "{P}", .size = 64};

typedef struct {
    int fd, busy, want_out;
    buf_t in, out;
} pub_t;

static void pub_flush(pub_t *p) {
    ssize_t r = send(p->fd, p->out.p + p->out.off, p->out.len - p->out.off, MSG_NOSIGNAL);
    if (r < 0 && errno != EAGAIN) die("publish: send: %s", strerror(errno));
    if (r > 0) p->out.off += (uint32_t)r;
    int want = p->out.len > p->out.off;
    if (!want) buf_clear(&p->out);
    if (want == p->want_out) return;
    p->want_out = want;
    watch(EPOLL_CTL_MOD, p->fd, p, IS_PUBLISHER, want);
}

static void pub_open(pub_t *p) {
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = ipv4(pub_to.url.host, pub_to.url.port);
    if (connect(p->fd, (struct sockaddr *)&to, sizeof to)) die("publish: connect: %s", strerror(errno));
    fcntl(p->fd, F_SETFL, O_NONBLOCK);
    set_nodelay(p->fd);
    buf_clear(&p->in);
    buf_clear(&p->out);
    p->want_out = p->busy = 0;
    watch(EPOLL_CTL_ADD, p->fd, p, IS_PUBLISHER, 0);
}

static void pub_send(pub_t *p, uint64_t stamp, uint32_t seq, int id) {
    static char body[1 << 20];
    char path[1024], head[1600];
    if (p->fd < 0) pub_open(p);
    size_t len = make_payload(stamp, seq, pub_to.size), n = expand(body, sizeof body, pub_to.body, id, payload, len);
    expand(path, sizeof path, pub_to.url.path, id, NULL, 0);
    int k = snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Length: %zu\r\n", path, pub_to.url.host,
                     pub_to.url.port, n);
    buf_add(&p->out, head, (size_t)k);
    for (int i = 0; i < pub_to.n_headers; i++) {
        buf_puts(&p->out, pub_to.headers[i]);
        buf_puts(&p->out, "\r\n");
    }
    buf_puts(&p->out, "\r\n");
    buf_add(&p->out, body, n);
    p->busy = 1;
    pub_flush(p);
}

static void pub_close(pub_t *p) {
    close(p->fd);
    p->fd = -1;
    p->busy = 0;
}

static void pub_event(pub_t *p, uint32_t events) {
    char got[16384];
    if (p->fd < 0) return;
    if (events & EPOLLOUT) pub_flush(p);
    if (!(events & (EPOLLIN | EPOLLERR | EPOLLHUP))) return;
    ssize_t r = recv(p->fd, got, sizeof got, 0);
    if (r < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (r <= 0) {
        pub_to.err += (uint64_t)p->busy;
        pub_close(p);
        return;
    }
    buf_add(&p->in, got, (size_t)r);
    char *a = p->in.p, *e = (char *)memmem(a, p->in.len, "\r\n\r\n", 4);
    if (!e) return;
    size_t hl = (size_t)(e - a) + 4;
    if (header_is(a, hl, "Transfer-Encoding", "chunked")) {
        if (!memmem(a + hl - 2, p->in.len - hl + 2, "\r\n0\r\n\r\n", 7)) return;
    } else if (p->in.len < hl + content_length(a, hl)) {
        return;
    }
    if (a[9] == '2') pub_to.ok++;
    else if (pub_to.err++ < 3) fprintf(stderr, "wsload: publish answered: %.*s\n", (int)strcspn(a, "\r\n"), a);
    int over = header_is(a, hl, "Connection", "close");
    buf_clear(&p->in);
    p->busy = 0;
    if (over) pub_close(p);
}
#endif
