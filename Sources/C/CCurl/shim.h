#ifndef WONKEY_CCURL_SHIM_H
#define WONKEY_CCURL_SHIM_H

#include <curl/curl.h>

/* libcurl sets and reads options through C variadics, which Swift cannot call: one typed wrapper per argument type. */

typedef size_t (*wonkey_curl_transfer_function)(char *, size_t, size_t, void *);

static inline CURLcode wonkey_curl_global_init(void) {
    return curl_global_init(CURL_GLOBAL_DEFAULT);
}

static inline CURLcode wonkey_curl_easy_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode wonkey_curl_easy_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

/* libcurl copies the text. */
static inline CURLcode wonkey_curl_easy_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode wonkey_curl_easy_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

/* libcurl keeps the list until the handle is cleaned up. */
static inline CURLcode wonkey_curl_easy_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

/* For the write, header and read callbacks, which share one signature. */
static inline CURLcode wonkey_curl_easy_set_function(
    CURL *handle, CURLoption option, wonkey_curl_transfer_function value
) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode wonkey_curl_easy_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLMcode wonkey_curl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
    return curl_multi_setopt(handle, option, value);
}

/* The result of a finished transfer, kept by libcurl in a union. */
static inline CURLcode wonkey_curl_message_result(const CURLMsg *message) {
    return message->data.result;
}

#endif
