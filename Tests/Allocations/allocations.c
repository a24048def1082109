/* Counts what a process asks of malloc. For LD_PRELOAD; needs glibc.
 *
 *   gcc -O2 -shared -fPIC -o allocations.so allocations.c
 *   truncate -s 4096 counts; LD_PRELOAD=./allocations.so ALLOCATIONS_FILE=counts PROGRAM
 *
 * The file holds four numbers of 64 bits, which change while the program runs: allocations (a realloc is one), releases, and the
 * blocks and bytes that are in use. Bytes are those of the blocks, as malloc rounds them up. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* glibc's own, which need no look-up: that would allocate. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

typedef struct {
    _Atomic int64_t allocations, releases, blocks, bytes;
} counts_t;

static counts_t until_mapped;
static counts_t *counts = &until_mapped;

__attribute__((constructor)) static void map_counts(void) {
    const char *path = getenv("ALLOCATIONS_FILE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    counts_t *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared == MAP_FAILED) return;
    *shared = until_mapped;     /* only one thread is there yet */
    counts = shared;
}

static void *allocated(void *block) {
    if (!block) return NULL;
    counts->allocations++;
    counts->blocks++;
    counts->bytes += (int64_t)malloc_usable_size(block);
    return block;
}

void *malloc(size_t size) { return allocated(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) { return allocated(__libc_calloc(count, size)); }
void *memalign(size_t alignment, size_t size) { return allocated(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment < sizeof(void *) || (alignment & (alignment - 1))) return EINVAL;
    void *made = memalign(alignment, size);
    if (!made) return ENOMEM;
    *block = made;
    return 0;
}

void *realloc(void *block, size_t size) {
    if (!block) return malloc(size);
    size_t before = malloc_usable_size(block);
    void *moved = __libc_realloc(block, size);
    if (!moved && size) return NULL;    /* the old block stays */
    counts->blocks--;
    counts->bytes -= (int64_t)before;
    if (!size) counts->releases++;      /* glibc releases the block then */
    return allocated(moved);
}

void free(void *block) {
    if (!block) return;
    counts->releases++;
    counts->blocks--;
    counts->bytes -= (int64_t)malloc_usable_size(block);
    __libc_free(block);
}
