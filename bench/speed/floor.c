/*
 * The floor of the benchmark: what a server cannot do without. One epoll loop, one timer, pictures that were read once, one write per client and frame,
 * TCP_NODELAY; a client whose socket is full gets the newest frame when there is room again.
 *
 * Usage: floor PROTOCOL FPS FILE...
 *   PROTOCOL  http: multipart MJPEG with the part heads of transport-http; tcp: version 1 of docs/protocols/tcp.md; udp: version 1 of docs/protocols/udp.md, one
 *             sendto per datagram; udp-gso: the same datagrams, the chunks of a frame in as few calls as UDP_SEGMENT allows
 *   FPS       frames per second; 0: as fast as the clients take them (http and tcp)
 *
 * Prints {"port":N}, a line of JSON with what it has counted for each line on its standard input, and ends with that.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define USAGE "floor http|tcp|udp|udp-gso FPS FILE..."

enum protocol { HTTP, TCP, UDP, UDP_GSO };
/* version 1 of the UDP protocol: a frame in pieces of 1200 bytes, behind 13 bytes each */
enum { CHUNK_BYTES = 1200, CHUNK_HEAD = 13, START_BYTES = 23, DATAGRAM = CHUNK_BYTES + CHUNK_HEAD };
/* What one call may hold: 64 datagrams (UDP_MAX_SEGMENTS before Linux 6.9) and the 65507 bytes of the largest datagram of IPv4 */
enum { SEGMENTS = 65507 / DATAGRAM < 64 ? 65507 / DATAGRAM : 64 };
enum { MAX_CLIENTS = 4096, MAX_EVENTS = 256, REQUEST_BYTES = 4096 };

static const char answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=streamerframe\r\nCache-Control: no-store\r\n"
    "Pragma: no-cache\r\nX-Accel-Buffering: no\r\nConnection: close\r\n\r\n--streamerframe\r\n";
static const char tail[] = "\r\n--streamerframe\r\n";
static const char time_format[] = "%010llu.%06llu";
enum { TIME_LENGTH = 17 };

/* A frame as it goes out, without its time. */
struct frame {
  uint8_t *data;
  size_t length;
  uint8_t *jpeg;
  char *time; /* of http: where the text of the time stands */
  size_t chunks;
};

struct client {
  int fd;
  int streaming;
  struct sockaddr_in address; /* of udp */
  const uint8_t *rest;        /* what the socket did not take yet */
  size_t rest_length;
  uint64_t next; /* number of the first frame that it has not been given */
  size_t request_length;
  char request[REQUEST_BYTES];
};

static enum protocol protocol;
static struct frame *frames;
static uint64_t frame_count;
static uint64_t sequence; /* of the frame that comes next */
static struct client *clients[MAX_CLIENTS];
static int client_count;
static int udp_fd;
static uint64_t delivered, writes, skipped;

static struct frame build_stream_frame(struct picture picture) {
  char head[256];
  size_t head_length, tail_length = 0, time_at = 0;
  if (protocol == TCP) {
    uint64_t length = picture.length;
    memcpy(head, &length, 8);
    head_length = 8;
  } else {
    int before = snprintf(head, sizeof head, "Content-Type: image/jpeg\r\nContent-Length: %zu\r\nX-Timestamp: ", picture.length);
    time_at = (size_t)before;
    head_length = time_at + (size_t)snprintf(head + before, sizeof head - (size_t)before, "%0*d\r\n\r\n", TIME_LENGTH, 0);
    tail_length = sizeof tail - 1;
  }
  struct frame frame = {.length = head_length + picture.length + tail_length};
  frame.data = malloc(frame.length);
  if (!frame.data) fail("malloc");
  memcpy(frame.data, head, head_length);
  frame.jpeg = frame.data + head_length;
  memcpy(frame.jpeg, picture.data, picture.length);
  memcpy(frame.jpeg + picture.length, tail, tail_length);
  if (time_at) frame.time = (char *)frame.data + time_at;
  return frame;
}

/* The chunks one behind the other, each with its head. Only the first one holds the stamp. */
static struct frame build_datagrams(struct picture picture) {
  size_t chunks = (picture.length + CHUNK_BYTES - 1) / CHUNK_BYTES;
  struct frame frame = {.length = picture.length + chunks * CHUNK_HEAD, .chunks = chunks};
  frame.data = malloc(frame.length);
  if (!frame.data) fail("malloc");
  for (size_t index = 0; index < chunks; index++) {
    uint8_t *chunk = frame.data + index * DATAGRAM;
    size_t at = index * CHUNK_BYTES;
    uint32_t number = (uint32_t)index;
    memcpy(chunk, "CHUNK", 5);
    memcpy(chunk + 9, &number, 4);
    memcpy(chunk + CHUNK_HEAD, picture.data + at, picture.length - at < CHUNK_BYTES ? picture.length - at : CHUNK_BYTES);
  }
  frame.jpeg = frame.data + CHUNK_HEAD;
  return frame;
}

static void drop_client(int index) {
  close(clients[index]->fd);
  free(clients[index]);
  clients[index] = clients[--client_count];
}

static void write_rest(struct client *client) {
  ssize_t wrote = send(client->fd, client->rest, client->rest_length, MSG_NOSIGNAL);
  writes++;
  if (wrote < 0) return; /* full, or gone: then epoll tells */
  client->rest += wrote;
  client->rest_length -= (size_t)wrote;
  if (client->rest_length == 0) delivered++;
}

static void give_stream(struct client *client, struct frame *frame) {
  if (client->rest_length > 0) {
    skipped++;
    return;
  }
  client->rest = frame->data;
  client->rest_length = frame->length;
  client->next = sequence;
  write_rest(client);
}

static void give_datagrams(struct client *client, const struct frame *frame, const uint8_t *start) {
  const struct sockaddr *to = (const struct sockaddr *)&client->address;
  int whole = sendto(udp_fd, start, START_BYTES, 0, to, sizeof client->address) == START_BYTES;
  writes++;
  size_t step = protocol == UDP_GSO ? SEGMENTS * DATAGRAM : DATAGRAM;
  for (size_t at = 0; at < frame->length; at += step) {
    size_t length = frame->length - at < step ? frame->length - at : step;
    ssize_t sent;
    if (protocol == UDP) {
      sent = sendto(udp_fd, frame->data + at, length, 0, to, sizeof client->address);
    } else {
      struct iovec bytes = {frame->data + at, length};
      union {
        char room[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr align;
      } control = {0};
      struct msghdr message = {.msg_name = &client->address, .msg_namelen = sizeof client->address, .msg_iov = &bytes, .msg_iovlen = 1};
      if (length > DATAGRAM) {
        message.msg_control = control.room;
        message.msg_controllen = sizeof control.room;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_UDP;
        head->cmsg_type = UDP_SEGMENT;
        head->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        uint16_t size = DATAGRAM;
        memcpy(CMSG_DATA(head), &size, sizeof size);
      }
      sent = sendmsg(udp_fd, &message, 0);
    }
    writes++;
    if (sent != (ssize_t)length) whole = 0;
  }
  if (whole) delivered++;
  else skipped++;
}

/* Shows the next frame to all clients. Returns how many streams are still busy with an earlier one. */
static int show(void) {
  struct frame *frame = &frames[sequence % frame_count];
  write_stamp(frame->jpeg, (uint32_t)sequence, now_us());
  if (frame->time) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    char text[64];
    snprintf(text, sizeof text, time_format, (unsigned long long)time.tv_sec, (unsigned long long)time.tv_nsec / 1000);
    memcpy(frame->time, text, TIME_LENGTH);
  }
  uint8_t start[START_BYTES];
  if (protocol >= UDP) {
    uint32_t id = (uint32_t)sequence, size = (uint32_t)(frame->length - frame->chunks * CHUNK_HEAD), chunks = (uint32_t)frame->chunks;
    memcpy(start, "FRAME_START", 11);
    memcpy(start + 11, &id, 4);
    memcpy(start + 15, &size, 4);
    memcpy(start + 19, &chunks, 4);
    for (size_t index = 0; index < frame->chunks; index++) memcpy(frame->data + index * DATAGRAM + 5, &id, 4);
  }
  sequence++;
  int busy = 0;
  for (int index = 0; index < client_count; index++) {
    if (!clients[index]->streaming) continue;
    if (protocol >= UDP) give_datagrams(clients[index], frame, start);
    else give_stream(clients[index], frame);
    busy += clients[index]->rest_length > 0;
  }
  return busy;
}

static void accept_client(int epoll, int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  struct client *client = client_count < MAX_CLIENTS ? calloc(1, sizeof *client) : NULL;
  int yes = 1;
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = client};
  if (!client || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) {
    close(fd);
    free(client);
    return;
  }
  client->fd = fd;
  client->streaming = protocol == TCP;
  clients[client_count++] = client;
}

/* Returns 0 when the client has gone. */
static int hear(struct client *client) {
  for (;;) {
    char *to = client->request + client->request_length;
    size_t room = sizeof client->request - 1 - client->request_length;
    ssize_t got = recv(client->fd, to, room, 0);
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return 0;
    if (client->streaming) {
      client->request_length = 0;
      continue;
    }
    client->request_length += (size_t)got;
    client->request[client->request_length] = 0;
    if (strstr(client->request, "\r\n\r\n")) {
      client->request_length = 0;
      client->streaming = send(client->fd, answer, sizeof answer - 1, MSG_NOSIGNAL) == sizeof answer - 1;
      if (!client->streaming) return 0;
    } else if (client->request_length == sizeof client->request - 1) {
      return 0;
    }
  }
}

static void hear_datagrams(void) {
  char word[64];
  struct sockaddr_in from;
  socklen_t from_length = sizeof from;
  ssize_t length;
  while ((length = recvfrom(udp_fd, word, sizeof word, MSG_DONTWAIT, (struct sockaddr *)&from, &from_length)) >= 0) {
    int known = -1;
    for (int index = 0; index < client_count; index++) {
      if (clients[index]->address.sin_port == from.sin_port) known = index;
    }
    if (length == 15 && !memcmp(word, "REGISTER_CLIENT", 15)) {
      sendto(udp_fd, "REGISTERED", 10, 0, (struct sockaddr *)&from, sizeof from);
      if (known < 0 && client_count < MAX_CLIENTS) {
        struct client *client = calloc(1, sizeof *client);
        if (!client) fail("calloc");
        client->fd = -1;
        client->address = from;
        client->streaming = 1;
        clients[client_count++] = client;
      }
    } else if (known >= 0 && length == 10 && !memcmp(word, "DISCONNECT", 10)) {
      drop_client(known);
    }
    from_length = sizeof from;
  }
}

static void report(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  long long cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
  printf("{\"cpuUs\":%lld,\"sequence\":%llu,\"frames\":%llu,\"writes\":%llu,\"skipped\":%llu,\"clients\":%d}\n", cpu_us, (unsigned long long)sequence,
         (unsigned long long)delivered, (unsigned long long)writes, (unsigned long long)skipped, client_count);
  fflush(stdout);
}

int main(int count, char **words) {
  static const char *const names[] = {"http", "tcp", "udp", "udp-gso"};
  if (count < 4) misused(USAGE);
  int found = -1;
  for (int index = 0; index < 4; index++) {
    if (!strcmp(words[1], names[index])) found = index;
  }
  double fps = atof(words[2]);
  if (found < 0 || fps < 0 || (found >= UDP && fps == 0)) misused(USAGE);
  protocol = (enum protocol)found;
  frame_count = (uint64_t)(count - 3);
  frames = calloc(frame_count, sizeof *frames);
  if (!frames) fail("calloc");
  for (uint64_t index = 0; index < frame_count; index++) {
    struct picture picture = read_picture(words[index + 3]);
    frames[index] = protocol >= UDP ? build_datagrams(picture) : build_stream_frame(picture);
    free(picture.data);
  }

  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t address_length = sizeof address;
  int listener = socket(AF_INET, (protocol >= UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address)) fail("bind");
  if (protocol >= UDP) {
    /* as large as ours, see packages/transport-udp/src/socket.ts */
    int room = 1024 * 1024;
    setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    udp_fd = listener;
  } else if (listen(listener, 1024)) {
    fail("listen");
  }
  if (getsockname(listener, (struct sockaddr *)&address, &address_length)) fail("getsockname");

  int epoll = epoll_create1(EPOLL_CLOEXEC);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (epoll < 0 || timer < 0) fail("epoll");
  if (fps > 0) {
    long every_ns = (long)(1e9 / fps);
    struct timespec every = {every_ns / 1000000000, every_ns % 1000000000};
    struct itimerspec times = {every, every};
    if (timerfd_settime(timer, 0, &times, NULL)) fail("timerfd_settime");
  }
  /* Their addresses tell these three from clients. */
  int *const fixed[] = {&listener, &timer, &(int){STDIN_FILENO}};
  for (int index = 0; index < 3; index++) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = fixed[index]};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, *fixed[index], &event)) fail("epoll_ctl");
  }
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);

  struct epoll_event events[MAX_EVENTS];
  for (int busy = 0;;) {
    int streaming = 0;
    for (int index = 0; fps == 0 && index < client_count && !streaming; index++) streaming = clients[index]->streaming;
    int ready = epoll_wait(epoll, events, MAX_EVENTS, fps == 0 && streaming && busy < client_count ? 0 : -1);
    if (ready < 0 && errno != EINTR) fail("epoll_wait");
    for (int index = 0; index < ready; index++) {
      void *const what = events[index].data.ptr;
      if (what == &timer) {
        uint64_t times;
        if (read(timer, &times, sizeof times) > 0) show();
      } else if (what == fixed[2]) {
        char line[256];
        if (read(STDIN_FILENO, line, sizeof line) <= 0) return 0;
        report();
      } else if (what == &listener) {
        if (protocol >= UDP) hear_datagrams();
        else accept_client(epoll, listener);
      } else {
        struct client *client = what;
        int open = !(events[index].events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP));
        if (open && events[index].events & EPOLLIN) open = hear(client);
        if (open && events[index].events & EPOLLOUT && client->rest_length > 0) {
          write_rest(client);
          /* the newest, if it has not had that one */
          if (client->rest_length == 0 && client->next < sequence && fps > 0) {
            struct frame *newest = &frames[(sequence - 1) % frame_count];
            give_stream(client, newest);
          }
        }
        for (int at = 0; !open && at < client_count; at++) {
          if (clients[at] == client) {
            drop_client(at);
            break;
          }
        }
      }
    }
    if (fps == 0) busy = show();
  }
}
