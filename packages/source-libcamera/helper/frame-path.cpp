#include "frame-path.h"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

// Frames that may wait for the reader beside those that are being encoded.
constexpr unsigned waitingFrames = 2;

FramePath::FramePath(PictureOwner &owner, unsigned threads, long frames)
	: owner_(owner), threadCount_(threads), frames_(frames)
{
	for (unsigned i = 0; i < threadCount_; i++)
		threads_.emplace_back([this] { work(); });
	threads_.emplace_back([this] { write(); });
}

FramePath::~FramePath()
{
	{
		std::lock_guard<std::mutex> lock(mutex_);
		stopping_ = true;
	}
	changed_.notify_all();
	for (std::thread &thread : threads_)
		thread.join();
}

void FramePath::setOutput(bool jpeg, const Turn &turn)
{
	std::lock_guard<std::mutex> lock(mutex_);
	jpeg_ = jpeg;
	turn_ = turn;
}

bool FramePath::needsWork(const Picture &picture) const
{
	if (picture.layout == Layout::Mjpeg)
		return false;
	return jpeg_ || !turn_.isNone() || picture.layout == Layout::Yuyv;
}

void FramePath::push(unsigned slot, const Picture &picture, uint64_t sequence, uint64_t timestampUs)
{
	std::unique_lock<std::mutex> lock(mutex_);
	makeRoom();
	if (spare_.empty())
		spare_.emplace_back();
	jobs_.splice(jobs_.end(), spare_, spare_.begin());
	Job &job = jobs_.back();
	job.state = needsWork(picture) ? State::Waiting : State::Ready;
	job.slot = slot;
	job.holdsSlot = true;
	job.picture = picture;
	job.sequence = sequence;
	job.timestampUs = timestampUs;
	job.jpegBytes = 0;
	job.payload = picture.layout == Layout::Mjpeg ? Payload::Jpeg :
		      picture.layout == Layout::Nv12  ? Payload::Nv12 : Payload::Yuv420p;
	lock.unlock();
	changed_.notify_all();
}

void FramePath::makeRoom()
{
	if (jobs_.size() < threadCount_ + waitingFrames)
		return;
	// The oldest that nobody is busy with. Those that are ready come first, and have waited longest for the reader.
	for (auto job = jobs_.begin(); job != jobs_.end(); ++job) {
		if (job->state != State::Waiting && job->state != State::Ready)
			continue;
		dropped_++;
		remove(job);
		return;
	}
}

void FramePath::remove(Jobs::iterator job)
{
	if (job->holdsSlot) {
		job->holdsSlot = false;
		owner_.release(job->slot);
	}
	spare_.splice(spare_.begin(), jobs_, job);
}

void FramePath::drain()
{
	std::unique_lock<std::mutex> lock(mutex_);
	for (auto job = jobs_.begin(); job != jobs_.end();) {
		auto next = std::next(job);
		if (job->state == State::Waiting || job->state == State::Ready)
			remove(job);
		job = next;
	}
	// Those that somebody is busy with go by themselves.
	changed_.wait(lock, [this] {
		return std::none_of(jobs_.begin(), jobs_.end(), [](const Job &job) { return job.holdsSlot; });
	});
}

void FramePath::work()
{
	JpegEncoder encoder;
	std::unique_lock<std::mutex> lock(mutex_);
	for (;;) {
		auto job = jobs_.end();
		changed_.wait(lock, [this, &job] {
			job = std::find_if(jobs_.begin(), jobs_.end(), [](const Job &j) { return j.state == State::Waiting; });
			return stopping_ || job != jobs_.end();
		});
		if (stopping_)
			return;
		job->state = State::Working;
		lock.unlock();
		finish(*job, encoder);
		lock.lock();
		if (jpeg_ && job->jpegBytes == 0) {
			dropped_++;
			remove(job);
		} else {
			job->state = State::Ready;
		}
		changed_.notify_all();
	}
}

// Turns and encodes; the memory of the camera is free from then on.
void FramePath::finish(Job &job, JpegEncoder &encoder)
{
	owner_.beginRead(job.slot);
	Picture picture = job.picture;
	if (!turn_.isNone() || picture.layout == Layout::Yuyv) {
		job.own.fill(picture, turn_);
		picture = job.own.picture();
		job.payload = Payload::Yuv420p;
	}
	if (jpeg_) {
		std::string error;
		job.payload = Payload::Jpeg;
		if (!encoder.encode(picture, quality_, job.jpeg, job.jpegBytes, error)) {
			job.jpegBytes = 0;
			fprintf(stderr, "cannot encode a picture of %ux%u: %s\n", picture.width, picture.height, error.c_str());
		}
	}
	job.picture = picture;
	owner_.endRead(job.slot);
	std::lock_guard<std::mutex> lock(mutex_);
	job.holdsSlot = false;
	owner_.release(job.slot);
}

void FramePath::write()
{
	long written = 0;
	std::unique_lock<std::mutex> lock(mutex_);
	for (;;) {
		changed_.wait(lock, [this] { return stopping_ || (!jobs_.empty() && jobs_.front().state == State::Ready); });
		if (stopping_)
			return;
		auto job = jobs_.begin();
		job->state = State::Writing;
		lock.unlock();
		bool isRead = writeJob(*job);
		lock.lock();
		remove(job);
		changed_.notify_all();
		if (isRead && (frames_ == 0 || ++written < frames_))
			continue;
		stopping_ = true;
		lock.unlock();
		changed_.notify_all();
		owner_.ended(!isRead);
		return;
	}
}

bool FramePath::writeJob(Job &job)
{
	RecordHeader header;
	const Picture &picture = job.picture;
	header.payload = job.payload;
	header.sequence = job.sequence;
	header.timestampUs = job.timestampUs;
	header.width = picture.width;
	header.height = picture.height;
	header.stride = job.payload == Payload::Jpeg ? 0 : picture.strides[0];
	header.dropped = dropped_;
	iovec parts[4] = { { &header, sizeof(header) } };
	int count = 1;
	auto add = [&parts, &count](const uint8_t *data, size_t bytes) {
		parts[count++] = { const_cast<uint8_t *>(data), bytes };
	};
	if (job.payload == Payload::Jpeg && job.jpegBytes > 0) {
		add(job.jpeg.data(), job.jpegBytes);
	} else if (job.payload == Payload::Jpeg) {
		add(picture.planes[0], picture.bytes);
	} else {
		add(picture.planes[0], size_t(picture.strides[0]) * picture.height);
		add(picture.planes[1], size_t(picture.strides[1]) * (picture.height / 2));
		if (job.payload == Payload::Yuv420p)
			add(picture.planes[2], size_t(picture.strides[2]) * (picture.height / 2));
	}
	header.payloadBytes = 0;
	for (int i = 1; i < count; i++)
		header.payloadBytes += static_cast<uint32_t>(parts[i].iov_len);
	bool borrows = job.holdsSlot;
	if (borrows)
		owner_.beginRead(job.slot);
	bool isRead = writeAll(STDOUT_FILENO, parts, count);
	if (borrows)
		owner_.endRead(job.slot);
	return isRead;
}
