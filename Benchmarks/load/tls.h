/* TLS for the load generator, by OpenSSL where bench found it (WITH_TLS). Certificates are not checked: the server is this machine. */
#ifndef BENCH_TLS_H
#define BENCH_TLS_H
#include "common.h"

enum { TLS_DONE, TLS_READ, TLS_WRITE, TLS_FAILED };     /* what a handshake waits for */

#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>

static SSL *tls_open(int fd) {
    static SSL_CTX *ctx;
    if (!ctx) {
        ctx = SSL_CTX_new(TLS_client_method());
        if (!ctx) die("OpenSSL does not start");
        SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    }
    SSL *s = SSL_new(ctx);
    if (!s || !SSL_set_fd(s, fd)) die("out of memory");
    SSL_set_connect_state(s);
    return s;
}

static void tls_free(SSL *s) { SSL_free(s); }

static int tls_handshake(SSL *s) {
    ERR_clear_error();
    int r = SSL_do_handshake(s);
    if (r == 1) return TLS_DONE;
    int e = SSL_get_error(s, r);
    return e == SSL_ERROR_WANT_READ ? TLS_READ : e == SSL_ERROR_WANT_WRITE ? TLS_WRITE : TLS_FAILED;
}

/* As recv and send say it: 0 at the end, -1 with EAGAIN when nothing can be done now. */
static ssize_t tls_result(SSL *s, int r) {
    if (r > 0) return r;
    int e = SSL_get_error(s, r);
    if (e == SSL_ERROR_ZERO_RETURN) return 0;
    errno = e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
    return -1;
}

static ssize_t tls_recv(SSL *s, void *p, size_t n) {
    ERR_clear_error();
    return tls_result(s, SSL_read(s, p, (int)n));
}

static ssize_t tls_send(SSL *s, const void *p, size_t n) {
    ERR_clear_error();
    return tls_result(s, SSL_write(s, p, (int)n));
}
#else
typedef void SSL;
static SSL *tls_open(int fd) { die("connection %d: wsload was built without TLS (libssl-dev)", fd); }
static void tls_free(SSL *s) { (void)s; }
static int tls_handshake(SSL *s) { return s ? TLS_FAILED : TLS_FAILED; }
static ssize_t tls_recv(SSL *s, void *p, size_t n) { return (void)s, (void)p, (void)n, -1; }
static ssize_t tls_send(SSL *s, const void *p, size_t n) { return (void)s, (void)p, (void)n, -1; }
#endif
#endif
