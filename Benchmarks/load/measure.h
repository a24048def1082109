/* What is counted: a latency histogram, and the CPU time and memory of processes as /proc tells them. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H
#include "common.h"
#include <dirent.h>

/* ---- histogram of nanoseconds: 64 steps for each power of two, so an error below 1.6 % ---- */

#define H_SUB 64
typedef struct {
    uint64_t c[64 * H_SUB], n, max;
} hist_t;

static inline void h_add(hist_t *h, uint64_t v) {
    unsigned i = (unsigned)v;
    if (v >= H_SUB) {
        int e = 63 - __builtin_clzll(v);
        i = (unsigned)((e - 5) * H_SUB + (int)((v >> (e - 6)) & (H_SUB - 1)));
    }
    h->c[i]++;
    h->n++;
    if (v > h->max) h->max = v;
}

/* The quantile q in microseconds. */
static inline double h_us(const hist_t *h, double q) {
    if (!h->n) return 0;
    uint64_t want = (uint64_t)(q * (double)h->n), seen = 0;
    if (want >= h->n) want = h->n - 1;
    for (unsigned i = 0; i < 64 * H_SUB; i++) {
        seen += h->c[i];
        if (seen <= want) continue;
        if (i < H_SUB) return i / 1e3;
        int e = (int)(i / H_SUB) + 5;
        uint64_t step = 1ull << (e - 6);
        double v = (double)((1ull << e) + (i % H_SUB) * step) + (double)step / 2;
        return (v > (double)h->max ? (double)h->max : v) / 1e3;
    }
    return (double)h->max / 1e3;
}

/* ---- CPU seconds ---- */

typedef struct {
    double all;                 /* to the nanosecond: the scheduler's account */
    double user, sys;           /* in steps of the clock tick, mostly 10 ms */
} cpu_t;

/* What the scheduler says of the threads that a process has now; -1 when it keeps no such account. */
static inline double threads_cpu(pid_t p) {
    char path[300];
    double all = -1;
    snprintf(path, sizeof path, "/proc/%d/task", p);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        unsigned long ns;
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", p, e->d_name);
        FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (!f) continue;
        if (fscanf(f, "%lu", &ns) == 1) all = (all < 0 ? 0 : all) + (double)ns / 1e9;
        fclose(f);
    }
    if (d) closedir(d);
    return all;
}

/* One process with all its threads (not its children). */
static inline cpu_t process_cpu(pid_t p) {
    cpu_t c = {0, 0, 0};
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", p);
    FILE *f = fopen(path, "r");
    if (!f) return c;
    size_t n = fread(line, 1, sizeof line - 1, f);
    fclose(f);
    line[n] = 0;
    char *after_name = strrchr(line, ')');
    unsigned long user = 0, sys = 0;
    if (after_name) sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys);
    double hz = (double)sysconf(_SC_CLK_TCK);
    c.user = (double)user / hz;
    c.sys = (double)sys / hz;
    c.all = threads_cpu(p);
    if (c.all < 0) c.all = c.user + c.sys;
    return c;
}

/* One processor, whoever used it, interrupts included. */
static inline double cpu_busy(int cpu) {
    char line[512], name[16];
    double busy = 0;
    size_t k = (size_t)snprintf(name, sizeof name, "cpu%d ", cpu);
    FILE *f = fopen("/proc/stat", "r");
    while (f && fgets(line, sizeof line, f)) {
        unsigned long user, nice, sys, irq, softirq, steal;
        if (strncmp(line, name, k)) continue;
        if (sscanf(line + k, "%lu %lu %lu %*u %*u %lu %lu %lu", &user, &nice, &sys, &irq, &softirq, &steal) == 6)
            busy = (double)(user + nice + sys + irq + softirq + steal) / (double)sysconf(_SC_CLK_TCK);
    }
    if (f) fclose(f);
    return busy;
}

static inline double own_cpu(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

/* ---- memory in bytes ---- */

typedef struct {
    double rss, pss;
} mem_t;

static inline mem_t process_mem(const pid_t *pids, int n) {
    mem_t m = {0, 0};
    for (int i = 0; i < n; i++) {
        char path[64], line[256];
        double kb;
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pids[i]);
        FILE *f = fopen(path, "r");
        if (!f) {
            fprintf(stderr, "wsload: cannot read %s\n", path);
            continue;
        }
        while (fgets(line, sizeof line, f)) {
            if (sscanf(line, "Rss: %lf", &kb) == 1) m.rss += kb * 1024;
            else if (sscanf(line, "Pss: %lf", &kb) == 1) m.pss += kb * 1024;
        }
        fclose(f);
    }
    return m;
}

/* The kernel's own objects (sockets among them), for the whole machine. */
static inline double kernel_slab(void) {
    char line[256];
    double kb, slab = 0;
    FILE *f = fopen("/proc/meminfo", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "Slab: %lf", &kb) == 1) slab = kb * 1024;
    if (f) fclose(f);
    return slab;
}
#endif
