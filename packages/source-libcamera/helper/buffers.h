// Memory that the camera writes pictures into and we read them from.
#pragma once

#include "planes.h"

#include <libcamera/camera.h>
#include <libcamera/framebuffer.h>
#include <libcamera/framebuffer_allocator.h>
#include <libcamera/stream.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

// False when we cannot read this format of libcamera's.
bool layoutOf(const libcamera::PixelFormat &format, Layout &layout);
// FFmpeg's name of it.
const char *nameOf(Layout layout);

class Buffers
{
public:
	~Buffers();

	// Buffers for the stream of a configured camera; fewer than `count` when the system has no more. False, with the reason in `error`.
	bool allocate(std::shared_ptr<libcamera::Camera> camera, const libcamera::StreamConfiguration &config, unsigned count, std::string &error);

	size_t size() const { return entries_.size(); }
	libcamera::FrameBuffer *buffer(size_t index) const { return entries_[index].buffer; }
	// What lies in a buffer that the camera has filled.
	Picture picture(size_t index, const libcamera::StreamConfiguration &config, Layout layout) const;
	// Where the memory is shared with a device, caches are brought in step around each look into it.
	void beginRead(size_t index) const;
	void endRead(size_t index) const;
	// Where the memory comes from, for the log.
	const char *kind() const { return kind_; }

private:
	struct Mapping {
		uint8_t *address;
		size_t bytes;
	};
	struct Entry {
		libcamera::FrameBuffer *buffer;
		std::unique_ptr<libcamera::FrameBuffer> own;
		// Start of each plane of the buffer.
		std::vector<const uint8_t *> planes;
		std::vector<size_t> planeBytes;
		// Distinct descriptors of its planes.
		std::vector<int> fds;
	};

	bool addFromHeap(int heap, const libcamera::StreamConfiguration &config);
	bool addFromMemory(const libcamera::StreamConfiguration &config);
	bool map(Entry &entry);
	void sync(size_t index, uint64_t flags) const;

	std::vector<Entry> entries_;
	std::vector<Mapping> mappings_;
	std::unique_ptr<libcamera::FrameBufferAllocator> allocator_;
	bool isDmaBuf_ = false;
	const char *kind_ = "none";
};
