#include "buffers.h"

#include <algorithm>

#include <libcamera/formats.h>

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace libcamera;

namespace {

// Heaps of the Raspberry Pi's kernels whose memory its cameras can write to; the first can be read through the caches, which is
// several times as fast.
const char *const heaps[] = { "/dev/dma_heap/vidbuf_cached", "/dev/dma_heap/linux,cma" };

std::vector<size_t> planeSizes(const StreamConfiguration &config)
{
	size_t luma = size_t(config.stride) * config.size.height;
	if (config.pixelFormat == formats::NV12)
		return { luma, luma / 2 };
	if (config.pixelFormat == formats::YUV420)
		return { luma, luma / 4, luma / 4 };
	return { config.frameSize };
}

} // namespace

bool layoutOf(const PixelFormat &format, Layout &layout)
{
	if (format == formats::YUV420)
		layout = Layout::Yuv420p;
	else if (format == formats::NV12)
		layout = Layout::Nv12;
	else if (format == formats::YUYV)
		layout = Layout::Yuyv;
	else if (format == formats::MJPEG)
		layout = Layout::Mjpeg;
	else
		return false;
	return true;
}

const char *nameOf(Layout layout)
{
	switch (layout) {
	case Layout::Yuv420p:
		return "yuv420p";
	case Layout::Nv12:
		return "nv12";
	case Layout::Yuyv:
		return "yuyv422";
	case Layout::Mjpeg:
		return "mjpeg";
	}
	return "unknown";
}

Buffers::~Buffers()
{
	for (const Mapping &mapping : mappings_)
		munmap(mapping.address, mapping.bytes);
}

bool Buffers::allocate(std::shared_ptr<Camera> camera, const StreamConfiguration &config, unsigned count, std::string &error)
{
	for (const char *path : heaps) {
		int heap = open(path, O_RDWR | O_CLOEXEC);
		if (heap < 0)
			continue;
		while (entries_.size() < count && addFromHeap(heap, config))
			;
		close(heap);
		isDmaBuf_ = !entries_.empty();
		kind_ = path;
		if (isDmaBuf_)
			return true;
	}
	allocator_ = std::make_unique<FrameBufferAllocator>(camera);
	if (allocator_->allocate(config.stream()) > 0) {
		isDmaBuf_ = true;
		kind_ = "driver";
		for (const std::unique_ptr<FrameBuffer> &buffer : allocator_->buffers(config.stream())) {
			Entry entry;
			entry.buffer = buffer.get();
			if (!map(entry)) {
				error = "cannot map the memory of the camera";
				return false;
			}
			entries_.push_back(std::move(entry));
		}
		return true;
	}
	allocator_.reset();
	kind_ = "memory";
	while (entries_.size() < count && addFromMemory(config))
		;
	if (entries_.empty())
		error = "no memory for pictures of " + std::to_string(config.frameSize) + " bytes";
	return !entries_.empty();
}

bool Buffers::addFromHeap(int heap, const StreamConfiguration &config)
{
	dma_heap_allocation_data request = {};
	request.len = config.frameSize;
	request.fd_flags = O_CLOEXEC | O_RDWR;
	if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &request) < 0)
		return false;
	FrameBuffer::Plane plane;
	plane.fd = SharedFD(UniqueFD(static_cast<int>(request.fd)));
	plane.offset = 0;
	plane.length = config.frameSize;
	Entry entry;
	entry.own = std::make_unique<FrameBuffer>(std::vector<FrameBuffer::Plane>{ plane });
	entry.buffer = entry.own.get();
	if (!map(entry))
		return false;
	entries_.push_back(std::move(entry));
	return true;
}

// Pipelines that take any memory, such as libcamera's virtual camera, want each plane on its own.
bool Buffers::addFromMemory(const StreamConfiguration &config)
{
	std::vector<FrameBuffer::Plane> planes;
	for (size_t bytes : planeSizes(config)) {
		int fd = memfd_create("streamer-camera", MFD_CLOEXEC);
		if (fd < 0 || ftruncate(fd, static_cast<off_t>(bytes)) < 0) {
			if (fd >= 0)
				close(fd);
			return false;
		}
		FrameBuffer::Plane plane;
		plane.fd = SharedFD(UniqueFD(fd));
		plane.offset = 0;
		plane.length = static_cast<unsigned>(bytes);
		planes.push_back(plane);
	}
	Entry entry;
	entry.own = std::make_unique<FrameBuffer>(planes);
	entry.buffer = entry.own.get();
	if (!map(entry))
		return false;
	entries_.push_back(std::move(entry));
	return true;
}

bool Buffers::map(Entry &entry)
{
	std::map<int, size_t> ends;
	for (const FrameBuffer::Plane &plane : entry.buffer->planes())
		ends[plane.fd.get()] = std::max(ends[plane.fd.get()], size_t(plane.offset) + plane.length);
	std::map<int, uint8_t *> starts;
	for (const auto &[fd, bytes] : ends) {
		void *address = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
		if (address == MAP_FAILED)
			return false;
		starts[fd] = static_cast<uint8_t *>(address);
		mappings_.push_back({ starts[fd], bytes });
		entry.fds.push_back(fd);
	}
	for (const FrameBuffer::Plane &plane : entry.buffer->planes()) {
		entry.planes.push_back(starts[plane.fd.get()] + plane.offset);
		entry.planeBytes.push_back(plane.length);
	}
	return true;
}

Picture Buffers::picture(size_t index, const StreamConfiguration &config, Layout layout) const
{
	const Entry &entry = entries_[index];
	Picture picture{ layout, config.size.width, config.size.height, {}, {}, entry.planeBytes[0] };
	picture.planes[0] = entry.planes[0];
	picture.strides[0] = config.stride;
	if (layout == Layout::Mjpeg) {
		const FrameMetadata &metadata = entry.buffer->metadata();
		picture.bytes = std::min<size_t>(metadata.planes()[0].bytesused, entry.planeBytes[0]);
	}
	if (layout != Layout::Yuv420p && layout != Layout::Nv12)
		return picture;
	std::vector<size_t> sizes = planeSizes(config);
	for (size_t i = 1; i < sizes.size(); i++) {
		// With one plane for all of them they lie one behind the other.
		picture.planes[i] = i < entry.planes.size() ? entry.planes[i] : picture.planes[i - 1] + sizes[i - 1];
		picture.strides[i] = layout == Layout::Nv12 ? config.stride : config.stride / 2;
	}
	return picture;
}

void Buffers::sync(size_t index, uint64_t flags) const
{
	if (!isDmaBuf_)
		return;
	for (int fd : entries_[index].fds) {
		dma_buf_sync request = { flags };
		ioctl(fd, DMA_BUF_IOCTL_SYNC, &request);
	}
}

void Buffers::beginRead(size_t index) const
{
	sync(index, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
}

void Buffers::endRead(size_t index) const
{
	sync(index, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
}
