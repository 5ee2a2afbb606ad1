// From the camera's buffer to the pipe: pictures are encoded on several threads and leave in their order. What does not get through is dropped,
// the oldest first, and counted.
#pragma once

#include "jpeg.h"
#include "output.h"
#include "planes.h"

#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

// Whose memory the pictures lie in.
class PictureOwner
{
public:
	virtual ~PictureOwner() = default;
	// Around every look into the memory of this slot.
	virtual void beginRead(unsigned slot) = 0;
	virtual void endRead(unsigned slot) = 0;
	// Nobody looks into it any more; called once for each picture.
	virtual void release(unsigned slot) = 0;
	// Nobody reads our output any more, or as many frames as were asked for are out.
	virtual void ended(bool byReader) = 0;
};

class FramePath
{
public:
	// `threads` encode, 1 to 4. After `frames` records it ends; 0 is no limit.
	FramePath(PictureOwner &owner, unsigned threads, long frames);
	~FramePath();

	// JPEG, or raw planes; and how pictures are turned. Only while it is empty, after `drain`.
	void setOutput(bool jpeg, const Turn &turn);
	void setQuality(int quality) { quality_ = quality; }

	// Takes the next picture. Never waits.
	void push(unsigned slot, const Picture &picture, uint64_t sequence, uint64_t timestampUs);
	// Drops what waits and comes back when no picture is held any more.
	void drain();

private:
	enum class State { Waiting, Working, Ready, Writing };
	struct Job {
		State state;
		unsigned slot;
		bool holdsSlot;
		Picture picture;
		uint64_t sequence;
		uint64_t timestampUs;
		Payload payload;
		std::vector<uint8_t> jpeg;
		size_t jpegBytes;
		OwnPicture own;
	};
	using Jobs = std::list<Job>;

	void work();
	void write();
	bool writeJob(Job &job);
	void finish(Job &job, JpegEncoder &encoder);
	void makeRoom();
	void remove(Jobs::iterator job);
	bool needsWork(const Picture &picture) const;

	PictureOwner &owner_;
	const unsigned threadCount_;
	const long frames_;
	std::atomic<int> quality_{ 80 };
	bool jpeg_ = true;
	Turn turn_;
	std::mutex mutex_;
	std::condition_variable changed_;
	Jobs jobs_;
	// Jobs that are not in use, with the memory that they have got.
	Jobs spare_;
	std::atomic<uint64_t> dropped_{ 0 };
	bool stopping_ = false;
	std::vector<std::thread> threads_;
};
