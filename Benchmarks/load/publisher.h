/* The publishing side: HTTP with keep-alive. Each connection has one publication in flight, or one batch of them. */
#ifndef BENCH_PUBLISHER_H
#define BENCH_PUBLISHER_H
#include "measure.h"
#include "payload.h"

static int ep;
enum { IS_CLIENT, IS_PUBLISHER };

/* Registers fd for events. The lowest bit of the epoll data tells publishers from WebSocket clients. */
static void watch(int op, int fd, void *who, int what, int out) {
    struct epoll_event ev = {.events = EPOLLIN | (out ? EPOLLOUT : 0u)};
    ev.data.u64 = (uint64_t)(uintptr_t)who | (uint64_t)what;
    epoll_ctl(ep, op, fd, &ev);
}

/* Where and what to publish. A batch goes out with one send: as one request with an item for each publication where item is set
 * (they stand, with commas, in the body's {ITEMS}), else as so many requests one behind the other. */
static struct {
    url_t url;
    const char *body, *item, *headers[32];
    int n_headers, batch;
    size_t size;
    uint64_t ok, err;           /* publications answered with 2xx, or not */
    hist_t *latency;            /* from sending to the answer, where wanted */
} pub_to = {.body = "{P}", .batch = 1, .size = 64};

typedef struct {
    int fd, want_out;
    int busy;                   /* answers that are still to come */
    uint64_t sent;
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

static void add_request(pub_t *p, fill_t f, const char *body, size_t n) {
    char path[1024], head[1600];
    expand(path, sizeof path, pub_to.url.path, (fill_t){f.number, f.name, NULL, 0});
    int k = snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Length: %zu\r\n", path, pub_to.url.host,
                     pub_to.url.port, n);
    buf_add(&p->out, head, (size_t)k);
    for (int i = 0; i < pub_to.n_headers; i++) {
        buf_puts(&p->out, pub_to.headers[i]);
        buf_puts(&p->out, "\r\n");
    }
    buf_puts(&p->out, "\r\n");
    buf_add(&p->out, body, n);
    p->busy++;
}

/* Sends a batch; its publications have the numbers from seq on, and go to the connection of this number and name. */
static void pub_send(pub_t *p, uint64_t stamp, uint32_t seq, int number, const char *name) {
    static char body[1 << 20], text[1 << 20];
    fill_t f = {number, name, payload, 0};
    size_t n = 0;
    if (p->fd < 0) pub_open(p);
    p->sent = now_ns();
    for (int i = 0; i < pub_to.batch; i++) {
        f.len = make_payload(stamp, seq + (uint32_t)i, pub_to.size);
        if (!pub_to.item) {
            n = expand(body, sizeof body, pub_to.body, f);
            add_request(p, f, body, n);
        } else {
            if (i) text[n++] = ',';
            n += expand(text + n, sizeof text - n - 1, pub_to.item, f);
        }
    }
    if (pub_to.item) {
        const char *place = strstr(pub_to.body, "{ITEMS}");
        if (!place) die("--pub-body has no {ITEMS}");
        size_t before = (size_t)(place - pub_to.body), after = strlen(place + 7);
        if (before + n + after > sizeof body) die("message too long");
        memcpy(body, pub_to.body, before);
        memcpy(body + before, text, n);
        memcpy(body + before + n, place + 7, after);
        add_request(p, f, body, before + n + after);
    }
    pub_flush(p);
}

static void pub_close(pub_t *p) {
    close(p->fd);
    p->fd = -1;
    p->busy = 0;
}

/* The length of the whole answer at p, or 0 when more of it must come. */
static size_t answer_length(const char *p, size_t n) {
    const char *e = n ? (const char *)memmem(p, n, "\r\n\r\n", 4) : NULL;
    if (!e) return 0;
    size_t hl = (size_t)(e - p) + 4;
    if (header_is(p, hl, "Transfer-Encoding", "chunked")) {
        const char *end = (const char *)memmem(p + hl - 2, n - hl + 2, "\r\n0\r\n\r\n", 7);
        return end ? (size_t)(end - p) + 7 : 0;
    }
    size_t whole = hl + content_length(p, hl);
    return n < whole ? 0 : whole;
}

static void pub_event(pub_t *p, uint32_t events) {
    char got[65536];
    if (p->fd < 0) return;
    if (events & EPOLLOUT) pub_flush(p);
    if (!(events & (EPOLLIN | EPOLLERR | EPOLLHUP))) return;
    ssize_t r = recv(p->fd, got, sizeof got, 0);
    if (r < 0 && (errno == EAGAIN || errno == EINTR)) return;
    uint64_t each = pub_to.item ? (uint64_t)pub_to.batch : 1;       /* publications that one answer tells of */
    if (r <= 0) {
        pub_to.err += (uint64_t)p->busy * each;
        pub_close(p);
        return;
    }
    buf_add(&p->in, got, (size_t)r);
    size_t n;
    while ((n = answer_length(p->in.p + p->in.off, p->in.len - p->in.off))) {
        const char *a = p->in.p + p->in.off;
        if (a[9] == '2') pub_to.ok += each;
        else if ((pub_to.err += each) <= 3 * each) fprintf(stderr, "wsload: publish answered: %.*s\n", (int)strcspn(a, "\r\n"), a);
        if (pub_to.latency) h_add(pub_to.latency, now_ns() - p->sent);
        int over = header_is(a, n, "Connection", "close");
        p->in.off += (uint32_t)n;
        p->busy--;
        if (over) {
            pub_close(p);
            return;
        }
    }
}
#endif
