// What goes out: frames as records on standard output, events as lines of JSON on descriptor 3.
#pragma once

#include "json.h"
#include "planes.h"

#include <cstddef>
#include <cstdint>

#include <sys/uio.h>

// Raised when a record, an event or a command changes its meaning.
constexpr int protocolVersion = 1;

constexpr int eventsFd = 3;

// What the payload of a record is.
enum class Payload : uint16_t { Jpeg = 1, Yuv420p = 2, Nv12 = 3 };

// Before each frame on standard output, in the byte order of this machine; all of them little-endian in practice.
struct RecordHeader {
	// "SCF1"
	uint32_t magic = 0x31464353;
	Payload payload;
	uint16_t headerBytes = 48;
	// Counts from 0; a gap is what was lost in the camera or dropped here.
	uint64_t sequence;
	// Start of exposure, microseconds of CLOCK_MONOTONIC.
	uint64_t timestampUs;
	uint32_t width;
	uint32_t height;
	// Bytes from one row of luma to the next; of chroma half of it for yuv420p, the same for nv12. 0 for JPEG.
	uint32_t stride;
	uint32_t payloadBytes;
	// Frames that were dropped here since the start, because whoever reads was too slow.
	uint64_t dropped;
};
static_assert(sizeof(RecordHeader) == 48, "the reader counts on it");

// Makes sure that descriptor 3 is ours to write to, whoever started this program, and that the pipe holds as much as the system allows.
void prepareOutput();

// Writes all of `parts`; changes them. False when nobody reads any more.
bool writeAll(int fd, iovec *parts, int count);

// One event; false when nobody reads any more.
bool emitEvent(const json::Object &event);
// `{"event":"error",…}`. The codes are a contract with who reads: no-camera, not-found, busy, permission, unsupported, failed, disconnected.
void emitError(const char *code, const std::string &message);
