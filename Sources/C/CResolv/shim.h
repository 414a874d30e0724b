#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

// `res_search` and `h_errno` are macros; the state behind them belongs to the thread.
// Returns the length of the answer, or the negative of a code of h_errno.
static inline int wonkey_res_search(const char *name, int type, unsigned char *answer, int capacity) {
    int length = res_search(name, ns_c_in, type, answer, capacity);
    if (length >= 0) return length;
    return h_errno > 0 ? -h_errno : -NO_RECOVERY;
}
