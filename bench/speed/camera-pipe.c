/*
 * A camera that is a program: writes the pictures of a corpus to its standard output, over and over, each with its number and the time.
 * Usage: camera-pipe FPS FILE...
 */
#define _GNU_SOURCE
#include <unistd.h>

#include "common.h"

int main(int count, char **words) {
  if (count < 3) misused("camera-pipe FPS FILE...");
  double fps = atof(words[1]);
  int pictures = count - 2;
  struct picture *corpus = calloc((size_t)pictures, sizeof *corpus);
  if (!corpus || fps <= 0) misused("camera-pipe FPS FILE...");
  for (int index = 0; index < pictures; index++) corpus[index] = read_picture(words[index + 2]);
  uint64_t start_us = now_us();
  for (uint64_t sequence = 0;; sequence++) {
    uint64_t due_us = start_us + (uint64_t)((double)sequence * 1e6 / fps);
    struct timespec due = {(time_t)(due_us / 1000000), (long)(due_us % 1000000) * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL)) continue;
    struct picture *picture = &corpus[sequence % (uint64_t)pictures];
    write_stamp(picture->data, (uint32_t)sequence, now_us());
    for (size_t done = 0; done < picture->length;) {
      ssize_t wrote = write(STDOUT_FILENO, picture->data + done, picture->length - done);
      if (wrote < 0) return 0; /* nobody reads any more */
      done += (size_t)wrote;
    }
  }
}
