/*
 * A stand-in for a V4L2 camera: not a driver, but a library that is loaded before libc and answers what ustreamer asks of /dev/video-stand-in. It gives the
 * JPEGs of a folder, in the order of their names, over and over.
 *
 *   cc -O2 -shared -fPIC -o stand-in-v4l2.so stand-in-v4l2.c -ldl
 *   LD_PRELOAD=$PWD/stand-in-v4l2.so STAND_IN_CORPUS=FOLDER STAND_IN_FPS=30 ustreamer --device=/dev/video-stand-in --format=MJPEG --encoder=HW \
 *     --desired-fps=30 --buffers=3 --host=127.0.0.1 --port=PORT --tcp-nodelay
 *
 * and then http://127.0.0.1:PORT/stream. Until ustreamer says "Capturing ..." on its standard error, it shows a picture of its own, without a stamp.
 *
 *   STAND_IN_CORPUS  folder of *.jpg files, all of one size in pixels; needed. The first 32 are used: V4L2 has no more buffers.
 *   STAND_IN_FPS     frames per second, 1 to 10000; default 30.
 *
 * --desired-fps belongs to it: ustreamer looks for a new frame twice in each period of the rate that it was asked for, or 60 times a second if it was asked for
 * none, whatever the camera does. Asked for less than STAND_IN_FPS the camera is slower, as a real one.
 *
 * As with a camera: frames are complete at fixed times, whoever waits for them; they go into the oldest buffer that is queued, and wait there to be taken; when
 * all the buffers that ustreamer asked for (--buffers) are full or in its hands, frames are lost, and a gap in the sequence numbers shows it; buffers are
 * shared memory; their timestamps are of CLOCK_MONOTONIC and say when the frame was complete.
 *
 * Not as with a camera: nobody copies a frame, as the DMA of a camera does not cost the program anything. Each buffer holds one picture from the start, and
 * there are as many buffers as pictures, so that all are seen (V4L2 lets a driver grant more than was asked for); no more of them are full at a time than were
 * asked for. A timer in ustreamer's process takes the place of the camera's interrupt: taking a frame and giving it back cost about 10 us of CPU where a timer
 * is dear (a virtual machine; a loop of poll, VIDIOC_DQBUF and VIDIOC_QBUF at 30 fps), in place of two system calls. It is once per frame, not per client.
 *
 * A picture with the stamp of common.h gets its number, and the time, at the moment when ustreamer takes it (VIDIOC_DQBUF); any other is given as it is.
 *
 * Tried with ustreamer 4.9 of Debian 12. It answers what ustreamer needs (memory-mapped buffers; select or poll); other programs may miss something.
 * mjpg-streamer is not in Debian.
 */
#define _GNU_SOURCE

/* The checked variants of open() are inline functions in libc's headers, in the way of the definitions below. */
#undef _FORTIFY_SOURCE

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

#if __SIZEOF_POINTER__ != 8
#error "stand-in-v4l2.c is for 64-bit machines: elsewhere libc has more names for these calls, and other buffers' times"
#endif

static const char device_path[] = "/dev/video-stand-in";

enum {
  MAX_BUFFERS = VIDEO_MAX_FRAME,
  /* Above any JPEG of a camera; keeps the offsets of 32 buffers within the 32 bits that V4L2 has for them. */
  MAX_FRAME_BYTES = 16 * 1024 * 1024,
  /* Far above what a server can show, and a tick is still longer than a system call. */
  MAX_FPS = 10000,
  /* The least length of a comment, as the JPEG counts it, that has room for the stamp of common.h. */
  STAMP_SEGMENT_LENGTH = STAMP_END - 4
};

static const uint64_t ns_per_second = 1000000000;

struct picture_info {
  unsigned bytes;
  bool stamped;
};

struct done {
  unsigned buffer;
  uint32_t sequence;
  uint64_t time_ns;
};

/* The one camera. Everything in it is guarded by `lock`, but `fd`, which other threads compare with theirs. */
static struct {
  pthread_mutex_t lock;
  /* The descriptor ustreamer has: a timer that is readable when a frame is there, so that select() and poll() are the kernel's own. -1: closed. */
  int fd;
  bool blocking;

  /* The buffers, each `stride` bytes long, in a file in memory. */
  int memory;
  uint8_t *bytes;
  size_t stride;
  size_t mapped_bytes;
  unsigned pictures;
  struct picture_info frames[MAX_BUFFERS];
  unsigned width, height;
  uint32_t pixel_format;
  unsigned max_fps, fps;

  /* What was asked for, and what was granted (see the head of this file). */
  unsigned depth, buffers;
  bool streaming;
  bool is_queued[MAX_BUFFERS];
  unsigned queued[MAX_BUFFERS], queued_count;
  struct done done[MAX_BUFFERS];
  unsigned done_count;
  /* Buffers that were taken and not given back. */
  unsigned held;
  /* The next frame is number `tick`, complete at `start_ns + (tick + 1) periods`. */
  uint64_t start_ns, tick;
  /* When the timer fires or fired; 0: never. */
  uint64_t armed_ns;
} camera = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1, .memory = -1};

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * ns_per_second + (uint64_t)now.tv_nsec;
}

static int failed(int error) {
  errno = error;
  return -1;
}

/* Says what is wrong with the settings or the folder; the call that found it fails as for a camera that is not there. */
__attribute__((format(printf, 1, 2))) static int refuse(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("stand-in-v4l2: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  return failed(ENODEV);
}

/* --- The folder --- */

/* Finds the size of a JPEG picture in its frame header (ITU-T T.81, B.2.2). */
static bool read_size(const uint8_t *bytes, size_t length, unsigned *width, unsigned *height) {
  if (length < 4 || bytes[0] != 0xff || bytes[1] != 0xd8) return false;
  for (size_t at = 2; at + 9 <= length && bytes[at] == 0xff;) {
    uint8_t marker = bytes[at + 1];
    size_t segment = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
    /* SOF0 to SOF15 without DHT (C4), JPG (C8) and DAC (CC). */
    if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
      *height = (unsigned)bytes[at + 5] << 8 | bytes[at + 6];
      *width = (unsigned)bytes[at + 7] << 8 | bytes[at + 8];
      return *width > 0 && *height > 0;
    }
    if (marker == 0xda || segment < 2) return false;
    at += 2 + segment;
  }
  return false;
}

static bool has_stamp(const uint8_t *bytes, size_t length) {
  return length >= STAMP_END && bytes[2] == 0xff && bytes[3] == 0xfe &&
         ((unsigned)bytes[4] << 8 | bytes[5]) >= STAMP_SEGMENT_LENGTH && memcmp(bytes + STAMP_WORD_AT, STAMP_WORD, 2) == 0;
}

static bool read_whole(int file, uint8_t *into, size_t bytes) {
  while (bytes > 0) {
    ssize_t got = read(file, into, bytes);
    if (got <= 0) return false;
    into += got;
    bytes -= (size_t)got;
  }
  return true;
}

static int is_picture(const struct dirent *entry) {
  const char *dot = strrchr(entry->d_name, '.');
  return dot && dot != entry->d_name && (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
}

/* Fills the buffers' memory from `names`: picture n in buffer n, and once more from the start when there are more buffers than pictures. */
static int load_pictures(int folder, const char *path, struct dirent **names, unsigned count) {
  size_t largest = 1;
  for (unsigned i = 0; i < count; i++) {
    struct stat info;
    if (fstatat(folder, names[i]->d_name, &info, 0) < 0 || !S_ISREG(info.st_mode)) return refuse("cannot read %s/%s", path, names[i]->d_name);
    if (info.st_size > MAX_FRAME_BYTES) return refuse("%s/%s is larger than %d bytes", path, names[i]->d_name, MAX_FRAME_BYTES);
    if ((size_t)info.st_size > largest) largest = (size_t)info.st_size;
    camera.frames[i].bytes = (unsigned)info.st_size;
  }
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  camera.stride = (largest + page - 1) / page * page;
  camera.mapped_bytes = camera.stride * MAX_BUFFERS;
  camera.memory = memfd_create("stand-in-v4l2", MFD_CLOEXEC);
  if (camera.memory < 0 || ftruncate(camera.memory, (off_t)camera.mapped_bytes) < 0)
    return refuse("no memory for %u pictures of up to %zu bytes", count, largest);
  void *mapped = (void *)syscall(SYS_mmap, NULL, camera.mapped_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, camera.memory, 0);
  if (mapped == MAP_FAILED) return refuse("no memory for %u pictures of up to %zu bytes", count, largest);
  camera.bytes = mapped;

  for (unsigned i = 0; i < count; i++) {
    uint8_t *bytes = camera.bytes + i * camera.stride;
    struct picture_info *frame = &camera.frames[i];
    int file = (int)syscall(SYS_openat, folder, names[i]->d_name, O_RDONLY | O_CLOEXEC, 0);
    bool whole = file >= 0 && read_whole(file, bytes, frame->bytes);
    if (file >= 0) syscall(SYS_close, file);
    if (!whole) return refuse("cannot read %s/%s", path, names[i]->d_name);
    unsigned width, height;
    if (!read_size(bytes, frame->bytes, &width, &height)) return refuse("%s/%s is not a JPEG picture", path, names[i]->d_name);
    if (i == 0) {
      camera.width = width;
      camera.height = height;
    } else if (width != camera.width || height != camera.height) {
      return refuse("%s/%s is %ux%u, the first picture is %ux%u: all must have one size", path, names[i]->d_name, width, height,
                    camera.width, camera.height);
    }
    frame->stamped = has_stamp(bytes, frame->bytes);
  }
  return 0;
}

static int load_folder(void) {
  const char *path = getenv("STAND_IN_CORPUS");
  if (!path || !*path) return refuse("STAND_IN_CORPUS must name a folder of *.jpg files");
  const char *fps = getenv("STAND_IN_FPS");
  char *end;
  long rate = fps && *fps ? strtol(fps, &end, 10) : 30;
  if (rate < 1 || rate > MAX_FPS || (fps && *fps && *end)) return refuse("STAND_IN_FPS must be a whole number from 1 to %d, not '%s'", MAX_FPS, fps);
  camera.max_fps = camera.fps = (unsigned)rate;

  struct dirent **names;
  int found = scandir(path, &names, is_picture, alphasort);
  if (found < 0) return refuse("cannot read the folder %s: %s", path, strerror(errno));
  camera.pictures = found < MAX_BUFFERS ? (unsigned)found : MAX_BUFFERS;
  int folder = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  int result;
  if (camera.pictures == 0) result = refuse("there is no *.jpg file in %s", path);
  else if (folder < 0) result = refuse("cannot read the folder %s: %s", path, strerror(errno));
  else result = load_pictures(folder, path, names, camera.pictures);
  if (folder >= 0) syscall(SYS_close, folder);
  for (int i = 0; i < found; i++) free(names[i]);
  free(names);
  if (result == 0)
    fprintf(stderr, "stand-in-v4l2: %u of %d pictures of %ux%u, %ld fps, from %s\n", camera.pictures, found, camera.width, camera.height,
            rate, path);
  return result;
}

/* --- The camera's clock --- */

/* When frame number `tick` is complete. Rounded by itself, so that no error adds up. */
static uint64_t due_ns(uint64_t tick) {
  return camera.start_ns + (tick + 1) * ns_per_second / camera.fps;
}

static bool can_fill(void) {
  return camera.queued_count > 0 && camera.done_count + camera.held < camera.depth;
}

/* Does what the camera has done by now: the frames of the past go into the queued buffers, oldest first, and what finds none is lost. */
static void catch_up(uint64_t now) {
  while (camera.streaming && now >= due_ns(camera.tick)) {
    if (!can_fill()) {
      /* However long ago the last call was: all the frames since then at once. */
      camera.tick = (now - camera.start_ns) * camera.fps / ns_per_second;
      if (now >= due_ns(camera.tick)) camera.tick++;
      return;
    }
    struct done *done = &camera.done[camera.done_count++];
    *done = (struct done){camera.queued[0], (uint32_t)camera.tick, due_ns(camera.tick)};
    camera.is_queued[done->buffer] = false;
    memmove(camera.queued, camera.queued + 1, --camera.queued_count * sizeof camera.queued[0]);
    camera.tick++;
  }
}

/* Sets the timer to what comes next. At most one system call for each frame. */
static void arm(uint64_t now) {
  uint64_t next = 0;
  if (camera.streaming && camera.done_count > 0) {
    if (camera.armed_ns != 0 && camera.armed_ns <= now) return;
    next = 1; /* long past: readable at once */
  } else if (camera.streaming && can_fill()) {
    next = due_ns(camera.tick);
  }
  if (next == camera.armed_ns) return;
  struct itimerspec when = {.it_value = {(time_t)(next / ns_per_second), (long)(next % ns_per_second)}};
  timerfd_settime(camera.fd, TFD_TIMER_ABSTIME, &when, NULL);
  camera.armed_ns = next;
}

static void stop_streaming(void) {
  camera.streaming = false;
  camera.queued_count = camera.done_count = camera.held = 0;
  memset(camera.is_queued, 0, sizeof camera.is_queued);
  arm(now_ns());
}

/* --- The calls --- */

static void describe(struct v4l2_pix_format *pix) {
  *pix = (struct v4l2_pix_format){
    .width = camera.width,
    .height = camera.height,
    .pixelformat = camera.pixel_format,
    .field = V4L2_FIELD_NONE,
    .sizeimage = (uint32_t)camera.stride,
    .colorspace = V4L2_COLORSPACE_JPEG,
  };
}

static void describe_rate(struct v4l2_captureparm *parm) {
  memset(parm, 0, sizeof *parm);
  parm->capability = V4L2_CAP_TIMEPERFRAME;
  parm->timeperframe = (struct v4l2_fract){1, camera.fps};
}

static int set_format(struct v4l2_format *format, bool keep) {
  if (format->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return failed(EINVAL);
  if (keep && camera.streaming) return failed(EBUSY);
  uint32_t wanted = format->fmt.pix.pixelformat;
  describe(&format->fmt.pix);
  format->fmt.pix.pixelformat = wanted == V4L2_PIX_FMT_JPEG ? V4L2_PIX_FMT_JPEG : V4L2_PIX_FMT_MJPEG;
  if (keep) camera.pixel_format = format->fmt.pix.pixelformat;
  return 0;
}

static int set_rate(struct v4l2_streamparm *parm) {
  if (parm->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return failed(EINVAL);
  if (camera.streaming) return failed(EBUSY);
  struct v4l2_fract wanted = parm->parm.capture.timeperframe;
  uint64_t fps = wanted.numerator == 0 ? camera.max_fps : wanted.denominator / wanted.numerator;
  camera.fps = fps < 1 ? 1 : fps > camera.max_fps ? camera.max_fps : (unsigned)fps;
  describe_rate(&parm->parm.capture);
  return 0;
}

static int request_buffers(struct v4l2_requestbuffers *request) {
  if (request->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || request->memory != V4L2_MEMORY_MMAP) return failed(EINVAL);
  if (camera.streaming) return failed(EBUSY);
  stop_streaming();
  camera.depth = request->count < MAX_BUFFERS ? request->count : MAX_BUFFERS;
  camera.buffers = camera.depth == 0 || camera.depth > camera.pictures ? camera.depth : camera.pictures;
  for (unsigned i = camera.pictures; i < camera.buffers; i++) {
    unsigned same = i % camera.pictures;
    camera.frames[i] = camera.frames[same];
    memcpy(camera.bytes + i * camera.stride, camera.bytes + same * camera.stride, camera.frames[i].bytes);
  }
  request->count = camera.buffers;
  request->capabilities = V4L2_BUF_CAP_SUPPORTS_MMAP;
  return 0;
}

static bool is_ours(const struct v4l2_buffer *buffer) {
  return buffer->type == V4L2_BUF_TYPE_VIDEO_CAPTURE && buffer->index < camera.buffers;
}

static void describe_buffer(struct v4l2_buffer *buffer, unsigned index) {
  *buffer = (struct v4l2_buffer){
    .index = index,
    .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
    .flags = V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | (camera.is_queued[index] ? V4L2_BUF_FLAG_QUEUED : 0),
    .field = V4L2_FIELD_NONE,
    .memory = V4L2_MEMORY_MMAP,
    .m.offset = (uint32_t)(index * camera.stride),
    .length = (uint32_t)camera.stride,
  };
}

static bool is_done(unsigned buffer) {
  for (unsigned i = 0; i < camera.done_count; i++)
    if (camera.done[i].buffer == buffer) return true;
  return false;
}

static int queue_buffer(struct v4l2_buffer *buffer) {
  uint64_t now = now_ns();
  catch_up(now);
  if (!is_ours(buffer) || buffer->memory != V4L2_MEMORY_MMAP || camera.is_queued[buffer->index] || is_done(buffer->index)) return failed(EINVAL);
  /* Before the first frame was taken the buffers come from nobody's hands. */
  if (camera.held > 0) camera.held--;
  camera.is_queued[buffer->index] = true;
  camera.queued[camera.queued_count++] = buffer->index;
  buffer->flags |= V4L2_BUF_FLAG_QUEUED;
  arm(now);
  return 0;
}

static int dequeue_buffer(struct v4l2_buffer *buffer) {
  if (buffer->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || buffer->memory != V4L2_MEMORY_MMAP || !camera.streaming) return failed(EINVAL);
  uint64_t now = now_ns();
  catch_up(now);
  if (camera.done_count == 0) {
    arm(now);
    return failed(EAGAIN);
  }
  struct done done = camera.done[0];
  memmove(camera.done, camera.done + 1, --camera.done_count * sizeof camera.done[0]);
  camera.held++;
  describe_buffer(buffer, done.buffer);
  const struct picture_info *frame = &camera.frames[done.buffer];
  buffer->bytesused = frame->bytes;
  buffer->sequence = done.sequence;
  buffer->timestamp.tv_sec = (time_t)(done.time_ns / ns_per_second);
  buffer->timestamp.tv_usec = (suseconds_t)(done.time_ns % ns_per_second / 1000);
  arm(now);
  if (frame->stamped) write_stamp(camera.bytes + done.buffer * camera.stride, done.sequence, now_us());
  return 0;
}

static int switch_streaming(const int *type, bool on) {
  if (*type != V4L2_BUF_TYPE_VIDEO_CAPTURE || (on && camera.buffers == 0)) return failed(EINVAL);
  if (!on) {
    stop_streaming();
  } else if (!camera.streaming) {
    camera.streaming = true;
    camera.start_ns = now_ns();
    camera.tick = 0;
    arm(camera.start_ns);
  }
  return 0;
}

static int answer(unsigned request, void *argument) {
  switch (request) {
  case VIDIOC_QUERYCAP: {
    struct v4l2_capability *capability = argument;
    uint32_t can = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    *capability = (struct v4l2_capability){.capabilities = can | V4L2_CAP_DEVICE_CAPS, .device_caps = can};
    strcpy((char *)capability->driver, "stand-in");
    strcpy((char *)capability->card, "Stand-in camera");
    strcpy((char *)capability->bus_info, "platform:stand-in");
    return 0;
  }
  case VIDIOC_ENUMINPUT: {
    struct v4l2_input *input = argument;
    if (input->index != 0) return failed(EINVAL);
    *input = (struct v4l2_input){.name = "Stand-in", .type = V4L2_INPUT_TYPE_CAMERA};
    return 0;
  }
  case VIDIOC_G_INPUT:
    *(int *)argument = 0;
    return 0;
  case VIDIOC_S_INPUT:
    return *(int *)argument == 0 ? 0 : failed(EINVAL);
  case VIDIOC_ENUM_FMT: {
    struct v4l2_fmtdesc *format = argument;
    if (format->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || format->index > 1) return failed(EINVAL);
    format->flags = V4L2_FMT_FLAG_COMPRESSED;
    format->pixelformat = format->index == 0 ? V4L2_PIX_FMT_MJPEG : V4L2_PIX_FMT_JPEG;
    strcpy((char *)format->description, format->index == 0 ? "Motion-JPEG" : "JPEG");
    return 0;
  }
  case VIDIOC_G_FMT: {
    struct v4l2_format *format = argument;
    if (format->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return failed(EINVAL);
    describe(&format->fmt.pix);
    return 0;
  }
  case VIDIOC_S_FMT:
    return set_format(argument, true);
  case VIDIOC_TRY_FMT:
    return set_format(argument, false);
  case VIDIOC_G_PARM: {
    struct v4l2_streamparm *parm = argument;
    if (parm->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return failed(EINVAL);
    describe_rate(&parm->parm.capture);
    return 0;
  }
  case VIDIOC_S_PARM:
    return set_rate(argument);
  case VIDIOC_REQBUFS:
    return request_buffers(argument);
  case VIDIOC_QUERYBUF: {
    struct v4l2_buffer *buffer = argument;
    if (!is_ours(buffer)) return failed(EINVAL);
    describe_buffer(buffer, buffer->index);
    return 0;
  }
  case VIDIOC_QBUF:
    return queue_buffer(argument);
  case VIDIOC_DQBUF:
    return dequeue_buffer(argument);
  case VIDIOC_STREAMON:
    return switch_streaming(argument, true);
  case VIDIOC_STREAMOFF:
    return switch_streaming(argument, false);
  default:
    /* No controls, no TV standards, no DV timings, no events, no export of buffers: as the kernel says it. */
    return failed(ENOTTY);
  }
}

static void release(void) {
  if (camera.bytes) munmap(camera.bytes, camera.mapped_bytes);
  if (camera.memory >= 0) syscall(SYS_close, camera.memory);
  camera.bytes = NULL;
  camera.memory = -1;
}

static int open_camera(int flags) {
  pthread_mutex_lock(&camera.lock);
  int opened = -1;
  if (camera.fd >= 0) {
    errno = EBUSY;
  } else if (load_folder() < 0) {
    release();
    errno = ENODEV;
  } else if ((opened = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | (flags & O_CLOEXEC ? TFD_CLOEXEC : 0))) < 0) {
    release();
    errno = ENODEV;
  } else {
    camera.blocking = !(flags & O_NONBLOCK);
    camera.pixel_format = V4L2_PIX_FMT_MJPEG;
    camera.depth = camera.buffers = 0;
    camera.armed_ns = 0;
    __atomic_store_n(&camera.fd, opened, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&camera.lock);
  return opened;
}

static bool is_camera(int fd) {
  return fd >= 0 && fd == __atomic_load_n(&camera.fd, __ATOMIC_ACQUIRE);
}

/* --- What takes the place of libc's functions. Calls for anything else go to the kernel as libc would make them. --- */

static int open_at(int folder, const char *path, int flags, mode_t mode) {
  if (strcmp(path, device_path) == 0) return open_camera(flags);
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}

/* The mode is handed over only if a file may be made. */
#define OPEN_MODE(last) \
  mode_t mode = 0; \
  if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) { \
    va_list arguments; \
    va_start(arguments, last); \
    mode = va_arg(arguments, mode_t); \
    va_end(arguments); \
  }

int open(const char *path, int flags, ...) {
  OPEN_MODE(flags)
  return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  OPEN_MODE(flags)
  return open_at(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int openat(int folder, const char *path, int flags, ...) {
  OPEN_MODE(flags)
  return open_at(folder, path, flags, mode);
}

int access(const char *path, int mode) {
  if (strcmp(path, device_path) == 0) return 0;
  return (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

int close(int fd) {
  if (is_camera(fd)) {
    pthread_mutex_lock(&camera.lock);
    stop_streaming();
    release();
    __atomic_store_n(&camera.fd, -1, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&camera.lock);
  }
  return (int)syscall(SYS_close, fd);
}

int ioctl(int fd, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  if (!is_camera(fd)) return (int)syscall(SYS_ioctl, fd, request, argument);
  /* A request is 32 bits; some programs hand it on as an int, and its sign comes with it. */
  for (unsigned number = (unsigned)request;;) {
    pthread_mutex_lock(&camera.lock);
    int result = answer(number, argument);
    bool wait = result < 0 && number == VIDIOC_DQBUF && errno == EAGAIN && camera.blocking;
    pthread_mutex_unlock(&camera.lock);
    if (!wait) return result;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, -1) < 0) return -1;
  }
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  if (is_camera(fd)) {
    pthread_mutex_lock(&camera.lock);
    bool ours = offset >= 0 && (size_t)offset < camera.stride * camera.buffers && (size_t)offset % camera.stride == 0 && length <= camera.stride;
    void *mapped = MAP_FAILED;
    if (ours) mapped = (void *)syscall(SYS_mmap, address, length, protection, flags, camera.memory, offset);
    else errno = EINVAL;
    pthread_mutex_unlock(&camera.lock);
    return mapped;
  }
  return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}

void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset) {
  return mmap(address, length, protection, flags, fd, offset);
}
