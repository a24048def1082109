/* backend: the app behind a gateway, made cheap enough not to be the limit. One epoll thread, HTTP/1.1 with keep-alive and
 * pipelining, Content-Length and chunked bodies.
 *
 *   backend [-a 127.0.0.1] [-p 8100] [-m echo|json|wsoverhttp] [-c channel|@path] [-i] [-v]
 *
 *   echo        200 with the request's body as the answer's body
 *   json        Holdfast's json dialect: "open" is answered with a subscribe action, every message with a send of the same
 *               message, a batch that ends with "close" with {}
 *   wsoverhttp  GRIP WebSocket-over-HTTP: OPEN is answered with OPEN and a subscribe control message, every TEXT and BINARY
 *               with the same message, CLOSE with CLOSE
 *
 * -c says which channel a new connection is subscribed to; "@path" means the last segment of the connection's path, and an
 * empty text none. With -i (json) a new connection is sent "@id " and the id that the gateway gave it. -v prints every request. The counters are printed on stderr at SIGUSR1 and at the end.
 */
#include "common.h"

static enum { ECHO_BODY, JSON_DIALECT, WS_OVER_HTTP } mode;
static const char *channel = "bench";
static int verbose, tell_id;
static uint64_t n_conns, n_requests, n_open, n_messages, n_close, n_bad;
static volatile sig_atomic_t want_dump, want_exit;

typedef struct {
    const char *p;
    size_t n;
} span_t;

static int is(span_t s, const char *text) { return s.n == strlen(text) && !memcmp(s.p, text, s.n); }

/* The channel for a connection with this path; empty for none. */
static span_t channel_for(span_t path) {
    if (channel[0] != '@') return (span_t){channel, strlen(channel)};
    const char *slash = path.n ? (const char *)memrchr(path.p, '/', path.n) : NULL;
    return slash ? (span_t){slash + 1, (size_t)(path.p + path.n - slash - 1)} : path;
}

/* ---- json ---- */

/* The closing quote of the string whose first character is at p, or NULL. */
static const char *string_end(const char *p, const char *end) {
    for (const char *from = p; from < end;) {
        const char *q = (const char *)memchr(from, '"', (size_t)(end - from));
        if (!q) return NULL;
        const char *b = q;
        while (b > p && b[-1] == '\\') b--;
        if ((q - b) % 2 == 0) return q;
        from = q + 1;
    }
    return NULL;
}

static void add_action(buf_t *o, const char *type, const char *field, span_t value) {
    buf_puts(o, o->len ? ",{\"type\":\"" : "{\"actions\":[{\"type\":\"");
    buf_puts(o, type);
    buf_puts(o, "\",\"");
    buf_puts(o, field);
    buf_puts(o, "\":\"");
    buf_add(o, value.p, value.n);
    buf_puts(o, "\"}");
}

/* Answers the webhook in p. Walks through the JSON text once and looks only at strings: connection.id and .path, and type, text and base64
 * of each event. Texts are copied as they stand, escapes and all. Returns -1 for what is no webhook. */
static int answer_json(const char *p, size_t n, buf_t *o) {
    const char *end = p + n;
    span_t section = {"", 0}, key = {"", 0}, id = {"", 0}, path = {"", 0}, type = {"", 0}, text = {NULL, 0}, base64 = {NULL, 0};
    int depth = 0, events = 0, opened = 0, closed = 0;
    while (p < end) {
        char ch = *p++;
        if (ch == '{' || ch == '[') {
            if (++depth == 3) {
                type = (span_t){"", 0};
                text.p = base64.p = NULL;
            }
        } else if (ch == '}' || ch == ']') {
            if (--depth < 0) return -1;
            if (depth != 2 || !is(section, "events")) continue;
            events++;
            if (is(type, "open")) {
                n_open++;
                opened = 1;
            } else if (is(type, "close")) {
                n_close++;
                closed = 1;
            } else if (is(type, "message")) {
                n_messages++;
                if (text.p) add_action(o, "send", "text", text);
                else if (base64.p) add_action(o, "send", "base64", base64);
                else return -1;
            }
        } else if (ch == '"') {
            const char *q = string_end(p, end);
            if (!q) return -1;
            span_t s = {p, (size_t)(q - p)};
            for (p = q + 1; p < end && *p == ' ';) p++;
            if (p < end && *p == ':') {
                key = s;
                if (depth == 1) section = s;
            } else if (depth == 3 && is(section, "events")) {
                if (is(key, "type")) type = s;
                else if (is(key, "text")) text = s;
                else if (is(key, "base64")) base64 = s;
            } else if (depth == 2 && is(section, "connection")) {
                if (is(key, "path")) path = s;
                else if (is(key, "id")) id = s;
            }
        }
    }
    if (depth || !events) return -1;
    if (closed) buf_clear(o);
    else if (opened && channel_for(path).n) add_action(o, "subscribe", "channel", channel_for(path));
    if (opened && tell_id) {
        char text[300];
        int k = snprintf(text, sizeof text, "@id %.*s", (int)(id.n < 256 ? id.n : 256), id.p);
        add_action(o, "send", "text", (span_t){text, (size_t)k});
    }
    buf_puts(o, o->len ? "]}" : "{}");
    return 0;
}

/* ---- wsoverhttp ---- */

static void add_event(buf_t *o, const char *type, const char *prefix, span_t data) {
    char head[64];
    buf_add(o, head, (size_t)snprintf(head, sizeof head, "%s %zx\r\n%s", type, strlen(prefix) + data.n, prefix));
    buf_add(o, data.p, data.n);
    buf_puts(o, "\r\n");
}

/* Answers the events in p ("TYPE [hex length]\r\n[data\r\n]"...). Returns -1 for a malformed body. */
static int answer_grip(const char *p, size_t n, span_t path, buf_t *o, int *opened) {
    const char *end = p + n;
    while (p < end) {
        const char *nl = (const char *)memchr(p, '\n', (size_t)(end - p));
        if (!nl || nl == p || nl[-1] != '\r') return -1;
        const char *sp = (const char *)memchr(p, ' ', (size_t)(nl - p));
        span_t type = {p, (size_t)((sp ? sp : nl - 1) - p)}, data = {nl + 1, 0};
        p = nl + 1;
        if (sp) {
            data.n = strtoul(sp + 1, NULL, 16);
            if (data.n + 2 > (size_t)(end - p)) return -1;
            p += data.n + 2;
        }
        if (is(type, "OPEN")) {
            n_open++;
            *opened = 1;
            buf_puts(o, "OPEN\r\n");
            span_t ch = channel_for(path);
            char c[256];
            int k = snprintf(c, sizeof c, "{\"type\":\"subscribe\",\"channel\":\"%.*s\"}", (int)(ch.n < 128 ? ch.n : 128), ch.p);
            if (ch.n) add_event(o, "TEXT", "c:", (span_t){c, (size_t)k});
        } else if (is(type, "TEXT") || is(type, "BINARY")) {
            n_messages++;
            add_event(o, is(type, "TEXT") ? "TEXT" : "BINARY", "m:", data);
        } else if (is(type, "CLOSE")) {
            n_close++;
            if (data.n) add_event(o, "CLOSE", "", data);
            else buf_puts(o, "CLOSE\r\n");
        } else if (is(type, "PING")) {
            buf_puts(o, "PONG\r\n");
        } /* PONG and DISCONNECT need no answer */
    }
    return 0;
}

/* ---- HTTP ---- */

typedef struct {
    int fd, want_out;
    buf_t in, out;
} conn_t;

static void respond(conn_t *c, span_t path, span_t body) {
    static buf_t made;
    const char *type = "text/plain", *extra = "";
    int bad = 0, opened = 0;
    char head[256];
    n_requests++;
    buf_clear(&made);
    if (mode == JSON_DIALECT) {
        type = "application/json";
        bad = answer_json(body.p, body.n, &made);
        body = (span_t){made.p, made.len};
    } else if (mode == WS_OVER_HTTP) {
        type = "application/websocket-events";
        bad = answer_grip(body.p, body.n, path, &made, &opened);
        if (opened) extra = "Sec-WebSocket-Extensions: grip\r\n";
        body = (span_t){made.p, made.len};
    }
    if (bad) {
        n_bad++;
        buf_puts(&c->out, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    int k = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n", type, extra, body.n);
    buf_add(&c->out, head, (size_t)k);
    if (body.n) buf_add(&c->out, body.p, body.n);
}

/* The path of "POST /a/b?c HTTP/1.1", without the query. */
static span_t request_path(const char *head, size_t n) {
    const char *sp = (const char *)memchr(head, ' ', n);
    return sp ? (span_t){sp + 1, strcspn(sp + 1, " ?\r")} : (span_t){"", 0};
}

/* Puts a chunked body together. Returns the bytes used, 0 when more are needed. */
static size_t read_chunks(const char *p, size_t n, buf_t *body) {
    size_t o = 0;
    buf_clear(body);
    for (;;) {
        const char *nl = o < n ? (const char *)memchr(p + o, '\n', n - o) : NULL;
        if (!nl) return 0;
        size_t len = strtoul(p + o, NULL, 16);
        o = (size_t)(nl - p) + 1;
        if (o + len + 2 > n) return 0;
        buf_add(body, p + o, len);
        o += len + 2;
        if (!len) return o;
    }
}

/* Answers every whole request in c->in. Returns -1 to drop the connection. */
static int process(conn_t *c) {
    static buf_t chunked;
    for (;;) {
        char *p = c->in.p + c->in.off;
        size_t n = c->in.len - c->in.off;
        char *e = n ? (char *)memmem(p, n, "\r\n\r\n", 4) : NULL;
        if (!e) return n > 65536 ? -1 : 0;
        size_t hl = (size_t)(e - p) + 4, used;
        span_t body;
        if (header_is(p, hl, "Transfer-Encoding", "chunked")) {
            if (!(used = read_chunks(p + hl, n - hl, &chunked))) return 0;
            body = (span_t){chunked.p, chunked.len};
        } else {
            used = content_length(p, hl);
            if (n < hl + used) return 0;
            body = (span_t){p + hl, used};
        }
        if (verbose) fprintf(stderr, "---\n%.*s%.*s\n", (int)hl, p, (int)body.n, body.n ? body.p : "");
        respond(c, request_path(p, hl), body);
        c->in.off += (uint32_t)(hl + used);
    }
}

/* ---- loop ---- */

static void dump(void) {
    fprintf(stderr, "backend: connections=%lu requests=%lu open=%lu messages=%lu close=%lu bad=%lu\n", n_conns, n_requests, n_open,
            n_messages, n_close, n_bad);
}

static void on_signal(int s) {
    if (s == SIGUSR1) want_dump = 1;
    else want_exit = 1;
}

static void accept_all(int ep, int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        set_nodelay(fd);
        conn_t *c = (conn_t *)calloc(1, sizeof *c);
        if (!c) die("out of memory");
        c->fd = fd;
        n_conns++;
        struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
    }
}

/* Reads, answers, writes. Returns -1 when the connection is over. */
static int on_event(int ep, conn_t *c, uint32_t events) {
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        buf_reserve(&c->in, 16384);
        ssize_t r = recv(c->fd, c->in.p + c->in.len, c->in.cap - c->in.len, 0);
        if (r == 0 || (r < 0 && errno != EAGAIN && errno != EINTR)) return -1;
        if (r > 0) c->in.len += (uint32_t)r;
        if (r > 0 && process(c)) return -1;
    }
    if (c->out.len == c->out.off) return 0;
    ssize_t r = send(c->fd, c->out.p + c->out.off, c->out.len - c->out.off, MSG_NOSIGNAL);
    if (r < 0 && errno != EAGAIN) return -1;
    if (r > 0) c->out.off += (uint32_t)r;
    int want = c->out.len > c->out.off;
    if (!want) buf_clear(&c->out);
    if (want != c->want_out) {
        c->want_out = want;
        struct epoll_event ev = {.events = EPOLLIN | (want ? EPOLLOUT : 0u), .data.ptr = c};
        epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
    }
    return 0;
}

int main(int argc, char **argv) {
    static const char usage[] = "usage: backend [-a addr] [-p port] [-m echo|json|wsoverhttp] [-c channel|@path] [-i] [-v]";
    const char *host = "127.0.0.1";
    int port = 8100, o;
    while ((o = getopt(argc, argv, "a:p:m:c:iv")) != -1) switch (o) {
        case 'a': host = optarg; break;
        case 'p': port = atoi(optarg); break;
        case 'c': channel = optarg; break;
        case 'i': tell_id = 1; break;
        case 'v': verbose = 1; break;
        case 'm':
            if (!strcmp(optarg, "echo")) mode = ECHO_BODY;
            else if (!strcmp(optarg, "json")) mode = JSON_DIALECT;
            else if (!strcmp(optarg, "wsoverhttp")) mode = WS_OVER_HTTP;
            else die("%s", usage);
            break;
        default: die("%s", usage);
    }
    raise_nofile();
    signal(SIGPIPE, SIG_IGN);
    struct sigaction sa = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    int ep = epoll_create1(EPOLL_CLOEXEC), listener = listen_on(host, port);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL}, evs[256];
    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev);
    while (!want_exit) {
        int n = epoll_wait(ep, evs, 256, 1000);
        if (want_dump) {
            want_dump = 0;
            dump();
        }
        for (int i = 0; i < n; i++) {
            conn_t *c = (conn_t *)evs[i].data.ptr;
            if (!c) {
                accept_all(ep, listener);
            } else if (on_event(ep, c, evs[i].events)) {
                close(c->fd);
                buf_free(&c->in);
                buf_free(&c->out);
                free(c);
            }
        }
    }
    dump();
    return 0;
}
