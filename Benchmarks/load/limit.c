/* limit: the least that a single-threaded epoll WebSocket server can do for the same work. A yardstick, not a product: no
 * TLS, no fragmentation, no timers, no limits, no authentication.
 *
 *   limit [-a 127.0.0.1] [-p 9000] [-u backend-port] [-k pool]
 *
 *   POST (any path)   the body is framed once and sent to every WebSocket connection
 *   GET (Upgrade)     a WebSocket connection; a message is echoed, or with -u goes to the backend as POST /hook on one of -k
 *                     (64) keep-alive connections, and the answer's body is sent back: the least a webhook gateway can do
 */
#include "websocket.h"

enum kind { LISTENER, HTTP, WEBSOCKET, UPSTREAM };

typedef struct conn {
    int fd, want_out, dead;
    enum kind kind;
    uint32_t index;             /* WEBSOCKET: place in subs[] */
    uint32_t pending;           /* WEBSOCKET: requests to the backend that still point here */
    struct conn *client;        /* UPSTREAM: whose request is in flight */
    buf_t in, out;
} conn_t;

/* A message that waits for a connection to the backend. */
typedef struct {
    conn_t *client;
    char *p;
    size_t n;
} job_t;

static int ep, up_port, up_max = 64, up_open;
static conn_t **subs, **up_idle;
static uint32_t n_subs, cap_subs, n_idle;
static job_t *jobs;             /* ring; the capacity is a power of two */
static uint32_t job_head, job_tail, job_cap;

/* ---- connections ---- */

static conn_t *new_conn(int fd, enum kind kind) {
    conn_t *c = (conn_t *)calloc(1, sizeof *c);
    if (!c) die("out of memory");
    c->fd = fd;
    c->kind = kind;
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
    return c;
}

/* Dead connections are freed after the round of events, as later events of the round may still point at them. */
static conn_t *grave[65536];
static uint32_t n_grave;

static void bury(conn_t *c) {
    if (n_grave < 65536) grave[n_grave++] = c;
}

static void drop(conn_t *c) {
    if (c->dead) return;
    c->dead = 1;
    close(c->fd);
    if (c->kind == WEBSOCKET) {
        subs[c->index] = subs[--n_subs];
        subs[c->index]->index = c->index;
    }
    if (c->kind == UPSTREAM) {
        up_open--;
        for (uint32_t i = 0; i < n_idle; i++)
            if (up_idle[i] == c) {
                up_idle[i] = up_idle[--n_idle];
                break;
            }
        if (c->client && --c->client->pending == 0 && c->client->dead) bury(c->client);
    }
    if (!c->pending) bury(c);
}

static void set_out(conn_t *c, int want) {
    if (want == c->want_out) return;
    c->want_out = want;
    struct epoll_event ev = {.events = EPOLLIN | (want ? EPOLLOUT : 0u), .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
}

static void send_or_queue(conn_t *c, const char *p, size_t n) {
    if (c->dead) return;
    if (c->out.len == c->out.off) {
        ssize_t r = send(c->fd, p, n, MSG_NOSIGNAL);
        if (r == (ssize_t)n) return;
        if (r < 0 && errno != EAGAIN) {
            drop(c);
            return;
        }
        if (r > 0) {
            p += r;
            n -= (size_t)r;
        }
    }
    buf_add(&c->out, p, n);
    set_out(c, 1);
}

static void flush(conn_t *c) {
    if (c->out.len == c->out.off) return;
    ssize_t r = send(c->fd, c->out.p + c->out.off, c->out.len - c->out.off, MSG_NOSIGNAL);
    if (r > 0) c->out.off += (uint32_t)r;
    if (c->out.off < c->out.len) return;
    buf_free(&c->out);
    set_out(c, 0);
}

/* ---- what is sent ---- */

static buf_t *make_frame(int op, const char *p, size_t n) {
    static buf_t f;
    unsigned char head[10];
    buf_clear(&f);
    buf_add(&f, head, frame_head(head, op, n));
    buf_add(&f, p, n);
    return &f;
}

static void send_frame(conn_t *c, int op, const char *p, size_t n) {
    buf_t *f = make_frame(op, p, n);
    send_or_queue(c, f->p, f->len);
}

static void publish(const char *p, size_t n) {
    buf_t *f = make_frame(OP_TEXT, p, n);
    for (uint32_t i = n_subs; i-- > 0;) send_or_queue(subs[i], f->p, f->len);
}

/* ---- the backend ---- */

/* An idle connection to the backend, a new one, or NULL when all are busy. */
static conn_t *get_upstream(void) {
    if (n_idle) return up_idle[--n_idle];
    if (up_open >= up_max) return NULL;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = ipv4("127.0.0.1", up_port);
    if (connect(fd, (struct sockaddr *)&a, sizeof a)) die("backend: %s", strerror(errno));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    set_nodelay(fd);
    up_open++;
    return new_conn(fd, UPSTREAM);
}

static void ask(conn_t *up, conn_t *client, const char *p, size_t n) {
    static buf_t f;
    char head[256];
    int k = snprintf(head, sizeof head,
                     "POST /hook HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection-Id: %d\r\nContent-Type: text/plain\r\n"
                     "Content-Length: %zu\r\n\r\n", client->fd, n);
    buf_clear(&f);
    buf_add(&f, head, (size_t)k);
    buf_add(&f, p, n);
    up->client = client;
    send_or_queue(up, f.p, f.len);
}

static void to_backend(conn_t *c, const char *p, size_t n) {
    c->pending++;
    conn_t *up = get_upstream();
    if (up) {
        ask(up, c, p, n);
        return;
    }
    if (job_tail - job_head == job_cap) {
        uint32_t cap = job_cap ? job_cap * 2 : 1024;
        job_t *more = (job_t *)malloc(cap * sizeof *more);
        if (!more) die("out of memory");
        for (uint32_t i = job_head; i != job_tail; i++) more[i & (cap - 1)] = jobs[i & (job_cap - 1)];
        free(jobs);
        jobs = more;
        job_cap = cap;
    }
    job_t j = {c, (char *)malloc(n + 1), n};
    if (!j.p) die("out of memory");
    memcpy(j.p, p, n);
    jobs[job_tail++ & (job_cap - 1)] = j;
}

/* ---- what arrives; each returns how many bytes it used ---- */

static size_t on_answer(conn_t *up, char *p, size_t n) {
    size_t used = 0;
    for (;;) {
        char *q = p + used, *e = n > used ? (char *)memmem(q, n - used, "\r\n\r\n", 4) : NULL;
        if (!e) return used;
        size_t hl = (size_t)(e - q) + 4, bl = content_length(q, hl);
        if (n - used < hl + bl) return used;
        conn_t *c = up->client;
        up->client = NULL;
        if (c) {
            c->pending--;
            if (!c->dead) send_frame(c, OP_TEXT, q + hl, bl);
            else if (!c->pending) bury(c);
        }
        used += hl + bl;
        if (job_head != job_tail) {
            job_t j = jobs[job_head++ & (job_cap - 1)];
            ask(up, j.client, j.p, j.n);
            free(j.p);
        } else {
            up_idle[n_idle++] = up;
        }
    }
}

static size_t on_frames(conn_t *c, unsigned char *p, size_t n) {
    size_t used = 0;
    while (!c->dead) {
        unsigned char *q = p + used;
        uint64_t len;
        size_t left = n - used, hl = read_head(q, left, &len);
        if (!hl || left < hl + 4 + len) break;
        if (!(q[1] & 0x80)) {
            drop(c);
            break;
        }
        unsigned char *mask = q + hl, *d = mask + 4;
        for (size_t i = 0; i < len; i++) d[i] ^= mask[i & 3];
        int op = q[0] & 15;
        if (op == OP_TEXT || op == OP_BINARY) {
            if (up_port) to_backend(c, (char *)d, len);
            else send_frame(c, op, (char *)d, len);
        } else if (op == OP_PING) {
            send_frame(c, OP_PONG, (char *)d, len);
        } else if (op == OP_CLOSE) {
            send_frame(c, OP_CLOSE, (char *)d, len);
            drop(c);
        }
        used += hl + 4 + len;
    }
    return used;
}

static void upgrade(conn_t *c, const char *key, size_t klen) {
    char accept[32], answer[256];
    ws_accept(key, klen, accept);
    int k = snprintf(answer, sizeof answer,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
    c->kind = WEBSOCKET;
    if (n_subs == cap_subs) {
        cap_subs = cap_subs ? cap_subs * 2 : 1024;
        subs = (conn_t **)realloc(subs, cap_subs * sizeof *subs);
        if (!subs) die("out of memory");
    }
    c->index = n_subs;
    subs[n_subs++] = c;
    send_or_queue(c, answer, (size_t)k);
}

static size_t on_http(conn_t *c, char *p, size_t n) {
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    size_t used = 0;
    while (!c->dead && c->kind == HTTP) {
        char *q = p + used, *e = n > used ? (char *)memmem(q, n - used, "\r\n\r\n", 4) : NULL;
        if (!e) break;
        size_t hl = (size_t)(e - q) + 4, vl;
        if (!memcmp(q, "GET ", 4)) {
            const char *key = find_header(q, hl, "Sec-WebSocket-Key", &vl);
            if (key) upgrade(c, key, vl);
            else drop(c);
            used += hl;
        } else {
            size_t bl = content_length(q, hl);
            if (n - used < hl + bl) break;
            publish(q + hl, bl);
            send_or_queue(c, ok, sizeof ok - 1);
            used += hl + bl;
        }
    }
    return used;
}

static void on_bytes(conn_t *c) {
    static char rbuf[65536];
    ssize_t r = recv(c->fd, rbuf, sizeof rbuf, 0);
    if (r < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (r <= 0) {
        drop(c);
        return;
    }
    char *p = rbuf;
    size_t n = (size_t)r, used = 0;
    if (c->in.len) {
        buf_add(&c->in, rbuf, n);
        p = c->in.p;
        n = c->in.len;
    }
    if (c->kind == UPSTREAM) used = on_answer(c, p, n);
    if (c->kind == HTTP) used = on_http(c, p, n);
    if (c->kind == WEBSOCKET && !c->dead) used += on_frames(c, (unsigned char *)p + used, n - used);
    if (c->dead) return;
    if (used == n) {
        buf_free(&c->in);       /* an idle connection keeps no buffer */
    } else if (p == rbuf) {
        buf_add(&c->in, p + used, n - used);
    } else {
        memmove(c->in.p, c->in.p + used, n - used);
        c->in.len = (uint32_t)(n - used);
    }
}

int main(int argc, char **argv) {
    const char *host = "127.0.0.1";
    int port = 9000, o;
    while ((o = getopt(argc, argv, "a:p:u:k:")) != -1) switch (o) {
        case 'a': host = optarg; break;
        case 'p': port = atoi(optarg); break;
        case 'u': up_port = atoi(optarg); break;
        case 'k': up_max = atoi(optarg); break;
        default: die("usage: limit [-a addr] [-p port] [-u backend-port] [-k pool]");
    }
    raise_nofile();
    signal(SIGPIPE, SIG_IGN);
    up_idle = (conn_t **)calloc((size_t)up_max, sizeof *up_idle);
    ep = epoll_create1(EPOLL_CLOEXEC);
    new_conn(listen_on(host, port), LISTENER);
    struct epoll_event evs[512];
    for (;;) {
        int n = epoll_wait(ep, evs, 512, -1);
        for (int i = 0; i < n; i++) {
            conn_t *c = (conn_t *)evs[i].data.ptr;
            if (c->dead) continue;
            if (c->kind == LISTENER) {
                int fd;
                while ((fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                    set_nodelay(fd);
                    new_conn(fd, HTTP);
                }
                continue;
            }
            if (evs[i].events & EPOLLOUT) flush(c);
            if (evs[i].events & ~(uint32_t)EPOLLOUT) on_bytes(c);
        }
        while (n_grave) {
            conn_t *c = grave[--n_grave];
            buf_free(&c->in);
            buf_free(&c->out);
            free(c);
        }
    }
}
