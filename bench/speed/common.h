/* What the C programs of the benchmark share: the clock, the stamp inside a picture, and files. */
#ifndef SPEED_COMMON_H
#define SPEED_COMMON_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Where a JPEG of the corpus carries its stamp, see corpus-stamp.mjs: after SOI a comment with a word, the time (64 bits) and the number (32), little-endian. */
enum { STAMP_WORD_AT = 6, STAMP_TIME_AT = 8, STAMP_SEQUENCE_AT = 16, STAMP_END = 20 };
#define STAMP_WORD "ST"

static inline uint64_t now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static inline void fail(const char *what) {
  perror(what);
  exit(1);
}

static inline void misused(const char *usage) {
  fprintf(stderr, "usage: %s\n", usage);
  exit(2);
}

static inline void write_stamp(uint8_t *jpeg, uint32_t sequence, uint64_t time_us) {
  memcpy(jpeg + STAMP_SEQUENCE_AT, &sequence, 4);
  memcpy(jpeg + STAMP_TIME_AT, &time_us, 8);
}

struct picture {
  uint8_t *data;
  size_t length;
};

/* Reads a whole file; ends the program when that cannot be done, or when it is no picture of the corpus. */
static inline struct picture read_picture(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(path);
  if (fseek(file, 0, SEEK_END)) fail(path);
  long length = ftell(file);
  rewind(file);
  struct picture picture = {malloc((size_t)length), (size_t)length};
  if (!picture.data || fread(picture.data, 1, picture.length, file) != picture.length) fail(path);
  fclose(file);
  if (length < STAMP_END || memcmp(picture.data + STAMP_WORD_AT, STAMP_WORD, 2)) {
    fprintf(stderr, "%s: no picture of the corpus\n", path);
    exit(1);
  }
  return picture;
}

#endif
