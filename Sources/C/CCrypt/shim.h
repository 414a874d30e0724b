#pragma once

#include <crypt.h>

/// How many bytes `wonkey_crypt_r` works in.
static inline unsigned long wonkey_crypt_data_size(void) { return sizeof(struct crypt_data); }

/// `crypt_r` on memory that is all zero at first; the struct is too large to be seen from Swift.
static inline const char *wonkey_crypt_r(const char *phrase, const char *setting, void *data) {
    return crypt_r(phrase, setting, (struct crypt_data *)data);
}
