/* The WebSocket clients of the load generator: connect, shake hands, take frames apart, send, close. What a message means is
 * decided in wsload.c, by on_message. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H
#include "deflate.h"
#include "measure.h"
#include "publisher.h"
#include "tls.h"
#include "websocket.h"

enum state { NOT_STARTED, CONNECTING, TLS_HELLO, HANDSHAKE, OPEN, CLOSED };
typedef struct {
    int fd, id;
    enum state state;
    uint8_t want_out, probed, tries, frag_deflated;
    uint32_t last_seq;
    uint64_t t0;                /* when the connect began */
    char accept[32];            /* the Sec-WebSocket-Accept to expect */
    char *name;                 /* what the gateway calls this connection, where it was told */
    SSL *tls;
    buf_t in, frag, out;
} ws_t;

/* options */
static url_t ws_url;
static const char *o_first, *o_headers[32];
static int n_headers, o_n = 1, o_conc = 128, o_src, o_deflate;

static ws_t *conns;
static int *to_start, n_to_start;       /* numbers of the connections to start, the next one last */
static int n_open, n_failed, n_closed, n_connecting, closing;
static char rbuf[1 << 18], xbuf[1 << 20];
static hist_t h_connect;
static uint64_t n_proto_err;

static void on_message(ws_t *c, const char *p, size_t n, int deflated);

static uint32_t rng = 2463534242u;
static uint32_t rnd(void) {
    rng ^= rng << 13;
    rng ^= rng >> 17;
    rng ^= rng << 5;
    return rng;
}

/* ---- the socket ---- */

static void ws_forget(ws_t *c) {
    if (c->tls) tls_free(c->tls);
    if (c->fd >= 0) close(c->fd);
    c->tls = NULL;
    c->fd = -1;
    c->want_out = 0;
    buf_free(&c->in);
    buf_free(&c->out);
    buf_free(&c->frag);
}

static void ws_fail(ws_t *c, const char *why) {
    static int printed;
    if (c->state == CLOSED) return;
    ws_forget(c);
    if (c->state == OPEN && closing) {
        n_open--;
        c->state = CLOSED;
        return;
    }
    if (printed++ < 5) fprintf(stderr, "wsload: connection %d: %s\n", c->id, why);
    if (c->state == OPEN) {
        n_open--;
        n_closed++;
        c->state = CLOSED;
        return;
    }
    n_connecting--;
    if (++c->tries < 6) {
        c->state = NOT_STARTED;
        to_start[n_to_start++] = c->id;
    } else {
        c->state = CLOSED;
        n_failed++;
    }
}

static void ws_want_out(ws_t *c, int want) {
    if (want == c->want_out) return;
    c->want_out = (uint8_t)want;
    watch(EPOLL_CTL_MOD, c->fd, c, IS_CLIENT, want);
}

static void ws_start(ws_t *c) {
    n_connecting++;
    c->state = CONNECTING;
    c->t0 = now_ns();
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket: %s (raise ulimit -n)", strerror(errno));
    set_nodelay(c->fd);
    if (o_src > 0) {
        int one = 1;
        setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        struct sockaddr_in from = ipv4("127.0.0.2", 0);
        from.sin_addr.s_addr = htonl(ntohl(from.sin_addr.s_addr) + (uint32_t)(c->id % o_src));
        if (bind(c->fd, (struct sockaddr *)&from, sizeof from)) die("bind source: %s", strerror(errno));
    }
    struct sockaddr_in to = ipv4(ws_url.host, ws_url.port);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) {
        ws_fail(c, strerror(errno));
        return;
    }
    c->want_out = 1;
    watch(EPOLL_CTL_ADD, c->fd, c, IS_CLIENT, 1);
}

static void ws_flush(ws_t *c) {
    if (c->out.len > c->out.off) {
        char *p = c->out.p + c->out.off;
        size_t n = c->out.len - c->out.off;
        ssize_t r = c->tls ? tls_send(c->tls, p, n) : send(c->fd, p, n, MSG_NOSIGNAL);
        if (r < 0 && errno != EAGAIN) {
            ws_fail(c, strerror(errno));
            return;
        }
        if (r > 0) c->out.off += (uint32_t)r;
    }
    int want = c->out.len > c->out.off;
    if (!want) buf_clear(&c->out);
    ws_want_out(c, want);
}

static void ws_send(ws_t *c, int op, const char *p, size_t n) {
    static buf_t small;
    unsigned char head[14];
    int deflated = o_deflate && op <= OP_BINARY && n >= DEFLATE_FROM;
    if (deflated) {
        deflate_message(p, n, &small);
        p = small.p;
        n = small.len;
    }
    size_t k = frame_head(head, op, n), i = 0;
    uint32_t mask = rnd();
    if (deflated) head[0] |= 0x40;
    head[1] |= 0x80;
    memcpy(head + k, &mask, 4);
    buf_reserve(&c->out, n + k + 4);
    buf_add(&c->out, head, k + 4);
    unsigned char *d = (unsigned char *)c->out.p + c->out.len;
    for (; i + 4 <= n; i += 4) {
        uint32_t w;
        memcpy(&w, p + i, 4);
        w ^= mask;
        memcpy(d + i, &w, 4);
    }
    for (; i < n; i++) d[i] = (unsigned char)p[i] ^ head[k + (i & 3)];
    c->out.len += (uint32_t)n;
    if (!c->want_out) ws_flush(c);
}

/* ---- what arrives ---- */

/* A whole message; compressed ones are made readable. */
static void take_message(ws_t *c, const char *p, size_t n, int deflated) {
    if (deflated && !(p = inflate_message(p, n, &n))) {
        n_proto_err++;
        ws_fail(c, "a message that does not inflate");
        return;
    }
    on_message(c, p, n, deflated);
}

/* Takes the whole frames out of what arrived: p is rbuf, after what is left from before in c->in. */
static void on_frames(ws_t *c, char *p, size_t n) {
    size_t used = 0;
    int joined = c->in.len > c->in.off;
    if (joined) {
        buf_add(&c->in, p, n);
        p = c->in.p + c->in.off;
        n = c->in.len - c->in.off;
    }
    while (c->state == OPEN) {
        unsigned char *q = (unsigned char *)p + used;
        uint64_t len;
        size_t left = n - used, hl = read_head(q, left, &len);
        if (!hl) break;
        int op = q[0] & 15, fin = q[0] & 0x80, deflated = q[0] & 0x40;
        if (q[0] & 0x30 || q[1] & 0x80 || (deflated && (!o_deflate || op == 0 || op > OP_BINARY))) {
            n_proto_err++;
            ws_fail(c, "bad frame head");
            return;
        }
        if (left < hl + len) break;
        char *d = (char *)q + hl;
        used += hl + len;
        if (op == OP_PING) {
            ws_send(c, OP_PONG, d, len);
        } else if (op == OP_CLOSE) {
            ws_fail(c, "the server sent close");
            return;
        } else if (op == OP_PONG) {
            continue;
        } else if (op > OP_BINARY) {
            n_proto_err++;
            ws_fail(c, "unknown opcode");
            return;
        } else if (fin && op != 0) {
            take_message(c, d, len, deflated);
        } else {
            if (op != 0) c->frag_deflated = deflated != 0;
            buf_add(&c->frag, d, len);
            if (fin) {
                take_message(c, c->frag.p, c->frag.len, c->frag_deflated);
                buf_clear(&c->frag);
            }
        }
    }
    if (c->state != OPEN) return;
    if (!joined) {
        if (used < n) buf_add(&c->in, p + used, n - used);
    } else {
        c->in.off += (uint32_t)used;
        if (c->in.off == c->in.len) buf_free(&c->in);
    }
}

static void send_request(ws_t *c) {
    uint32_t raw[4] = {rnd(), rnd(), rnd(), rnd()};
    char key[32], path[600], request[4096];
    base64((unsigned char *)raw, 16, key);
    ws_accept(key, strlen(key), c->accept);
    expand(path, sizeof path, ws_url.path, (fill_t){.number = c->id});
    int k = snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n", path, ws_url.host, ws_url.port, key);
    buf_add(&c->out, request, (size_t)k);
    if (o_deflate) buf_puts(&c->out, "Sec-WebSocket-Extensions: " DEFLATE_OFFER "\r\n");
    for (int i = 0; i < n_headers; i++) {
        buf_puts(&c->out, o_headers[i]);
        buf_puts(&c->out, "\r\n");
    }
    buf_puts(&c->out, "\r\n");
    c->state = HANDSHAKE;
    ws_flush(c);
}

static void on_tls_hello(ws_t *c) {
    switch (tls_handshake(c->tls)) {
        case TLS_DONE: send_request(c); break;
        case TLS_READ: ws_want_out(c, 0); break;
        case TLS_WRITE: ws_want_out(c, 1); break;
        default: ws_fail(c, "the TLS handshake failed");
    }
}

static void on_connected(ws_t *c) {
    int e = 0;
    socklen_t l = sizeof e;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &l);
    if (e) {
        ws_fail(c, strerror(e));
    } else if (ws_url.tls) {
        c->tls = tls_open(c->fd);
        c->state = TLS_HELLO;
        on_tls_hello(c);
    } else {
        send_request(c);
    }
}

/* Whether the answer grants what DEFLATE_OFFER asks for. */
static int deflate_granted(const char *head, size_t n) {
    size_t vl;
    const char *v = find_header(head, n, "Sec-WebSocket-Extensions", &vl);
    return v && memmem(v, vl, "permessage-deflate", 18) && memmem(v, vl, "server_no_context_takeover", 26);
}

static void on_handshake(ws_t *c, size_t n) {
    buf_add(&c->in, rbuf, n);
    char *p = c->in.p, *e = (char *)memmem(p, c->in.len, "\r\n\r\n", 4);
    if (!e) {
        if (c->in.len > 16384) ws_fail(c, "handshake answer too long");
        return;
    }
    size_t hl = (size_t)(e - p) + 4;
    if (strncmp(p, "HTTP/1.1 101", 12)) {
        char why[100];
        snprintf(why, sizeof why, "handshake refused: %.*s", (int)strcspn(p, "\r\n"), p);
        ws_fail(c, why);
    } else if (!header_is(p, hl, "Sec-WebSocket-Accept", c->accept)) {
        ws_fail(c, "wrong Sec-WebSocket-Accept");
    } else if (!header_is(p, hl, "Upgrade", "websocket")) {
        ws_fail(c, "no Upgrade: websocket");
    } else if (o_deflate && !deflate_granted(p, hl)) {
        ws_fail(c, "no permessage-deflate without context takeover");
    } else {
        size_t rest = c->in.len - hl;
        memcpy(rbuf, p + hl, rest);
        buf_free(&c->in);
        c->state = OPEN;
        n_connecting--;
        n_open++;
        h_add(&h_connect, now_ns() - c->t0);
        if (o_first) ws_send(c, OP_TEXT, xbuf, expand(xbuf, sizeof xbuf, o_first, (fill_t){.number = c->id}));
        if (rest && c->state == OPEN) on_frames(c, rbuf, rest);
    }
}

static void ws_event(ws_t *c, uint32_t events) {
    if (c->fd < 0) return;
    if (c->state == CONNECTING) {
        on_connected(c);
        return;
    }
    if (c->state == TLS_HELLO) {
        on_tls_hello(c);
        return;
    }
    if (events & EPOLLOUT) ws_flush(c);
    if (c->fd < 0 || !(events & (EPOLLIN | EPOLLERR | EPOLLHUP))) return;
    do {            /* OpenSSL may hold more than it gave: then no event would tell of the rest */
        ssize_t r = c->tls ? tls_recv(c->tls, rbuf, sizeof rbuf) : recv(c->fd, rbuf, sizeof rbuf, 0);
        if (r < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (r <= 0) ws_fail(c, r ? strerror(errno) : "end of stream");
        else if (c->state == OPEN) on_frames(c, rbuf, (size_t)r);
        else on_handshake(c, (size_t)r);
    } while (c->tls);
}

/* ---- loop ---- */

static void poll_once(int ms) {
    struct epoll_event evs[512];
    int n = epoll_wait(ep, evs, 512, ms);
    for (int i = 0; i < n; i++) {
        uint64_t who = evs[i].data.u64;
        if (who & IS_PUBLISHER) pub_event((pub_t *)(uintptr_t)(who & ~(uint64_t)IS_PUBLISHER), evs[i].events);
        else ws_event((ws_t *)(uintptr_t)who, evs[i].events);
    }
}

static uint64_t after(double seconds) { return now_ns() + (uint64_t)(seconds * 1e9); }

static void run_for(double seconds) {
    uint64_t end = after(seconds);
    while (now_ns() < end) poll_once(5);
}

/* Opens all connections that are to start, at most --conc at once; returns the seconds it took. */
static double connect_all(double timeout) {
    uint64_t start = now_ns(), give_up = after(timeout);
    int before = 0;
    while (n_open + n_closed + n_failed < o_n) {
        while (n_connecting < o_conc && n_to_start) ws_start(&conns[to_start[--n_to_start]]);
        poll_once(10);
        if (n_open != before) {
            before = n_open;
            give_up = after(timeout);
        } else if (now_ns() > give_up) {
            fprintf(stderr, "wsload: only %d of %d connected, nothing new for %.0f s\n", n_open, o_n, timeout);
            break;
        }
    }
    return (double)(now_ns() - start) / 1e9;
}

/* Closes all open connections, waits for the other side's close frames, and makes all ready to start again. */
static void close_all(double timeout) {
    uint64_t give_up = after(timeout);
    closing = 1;
    for (int i = 0; i < o_n; i++)
        if (conns[i].state == OPEN) ws_send(&conns[i], OP_CLOSE, "\x03\xe8", 2);
    while (n_open && now_ns() < give_up) poll_once(10);
    n_closed += n_open;
    if (n_open) fprintf(stderr, "wsload: %d connections did not close\n", n_open);
    n_to_start = n_open = n_connecting = closing = 0;
    for (int i = o_n; i-- > 0;) {
        ws_forget(&conns[i]);
        conns[i].state = NOT_STARTED;
        conns[i].tries = 0;
        to_start[n_to_start++] = i;
    }
}
#endif
