#include <hiredis/hiredis.h>

// hiredis allocates an array as large as the peer announces, up to 16 GiB; no reply of ours has more elements than this.
#define WONKEY_REPLY_ELEMENTS_MAX 4096

// Called by the reader; `privdata` points to the library's own functions (wonkey_reader_create).
static inline void *wonkey_create_array(const redisReadTask *task, int elements) {
    const redisReplyObjectFunctions *library = (const redisReplyObjectFunctions *)task->privdata;
    return elements > WONKEY_REPLY_ELEMENTS_MAX ? NULL : library->createArray(task, elements);
}

// A reader that refuses long arrays. `functions` has room for two tables and must outlive the reader.
static inline redisReader *wonkey_reader_create(redisReplyObjectFunctions *functions) {
    redisReader *reader = redisReaderCreate();
    if (reader == NULL) return NULL;
    functions[0] = *reader->fn;
    functions[1] = *reader->fn;
    functions[1].createArray = wonkey_create_array;
    reader->fn = &functions[1];
    reader->privdata = &functions[0];
    return reader;
}
