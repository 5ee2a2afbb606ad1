// The lines that this program is told things with: a word, then `name=value` pairs, with single spaces between.
// A line that is anything else is refused as a whole.
#pragma once

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Command {
	std::string word;
	Pairs pairs;

	const std::string *find(const std::string &name) const;
	// Takes a pair out; empty when there is none.
	std::string take(const std::string &name);
};

// Longer lines are refused unread.
constexpr size_t maxLineBytes = 4096;

// False, with what is wrong in `error`, when `line` is no command.
bool parseCommand(const std::string &line, Command &command, std::string &error);
bool parsePair(const std::string &text, Pairs &pairs);

// The whole of `text` as a finite number.
bool parseNumber(const std::string &text, double &value);
bool parseWhole(const std::string &text, long &value);
bool parseBool(const std::string &text, bool &value);

// Reads lines of descriptor 0 until it ends. `onLine` gets each; `tooLong` is called in place of one that is too long.
template<typename OnLine, typename TooLong>
void readLines(OnLine onLine, TooLong tooLong)
{
	std::string line;
	bool skipping = false;
	char buffer[4096];
	for (;;) {
		ssize_t count = read(STDIN_FILENO, buffer, sizeof(buffer));
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return;
		for (ssize_t i = 0; i < count; i++) {
			if (buffer[i] != '\n') {
				if (line.size() < maxLineBytes)
					line += buffer[i];
				else
					skipping = true;
				continue;
			}
			if (skipping)
				tooLong();
			else if (!line.empty())
				onLine(line);
			line.clear();
			skipping = false;
		}
	}
}
