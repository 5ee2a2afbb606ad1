#include "command.h"

#include <cctype>
#include <cmath>
#include <cstdlib>

const std::string *Command::find(const std::string &name) const
{
	for (const auto &pair : pairs)
		if (pair.first == name)
			return &pair.second;
	return nullptr;
}

std::string Command::take(const std::string &name)
{
	for (auto pair = pairs.begin(); pair != pairs.end(); ++pair) {
		if (pair->first != name)
			continue;
		std::string value = pair->second;
		pairs.erase(pair);
		return value;
	}
	return {};
}

static bool isWord(const std::string &text)
{
	if (text.empty() || text.size() > 64 || !isalpha(static_cast<unsigned char>(text[0])))
		return false;
	for (unsigned char c : text)
		if (!isalnum(c))
			return false;
	return true;
}

bool parsePair(const std::string &text, Pairs &pairs)
{
	size_t equals = text.find('=');
	if (equals == std::string::npos || !isWord(text.substr(0, equals)))
		return false;
	for (unsigned char c : text)
		if (iscntrl(c))
			return false;
	pairs.emplace_back(text.substr(0, equals), text.substr(equals + 1));
	return true;
}

bool parseCommand(const std::string &line, Command &command, std::string &error)
{
	command = {};
	size_t from = 0;
	while (from <= line.size()) {
		size_t to = line.find(' ', from);
		std::string part = line.substr(from, to == std::string::npos ? std::string::npos : to - from);
		bool good = from == 0 ? isWord(part) : parsePair(part, command.pairs);
		if (!good) {
			error = from == 0 ? "not a command" : "not a name=value pair";
			return false;
		}
		if (from == 0)
			command.word = part;
		if (to == std::string::npos)
			break;
		from = to + 1;
	}
	return true;
}

bool parseNumber(const std::string &text, double &value)
{
	if (text.empty() || isspace(static_cast<unsigned char>(text[0])))
		return false;
	char *end = nullptr;
	value = strtod(text.c_str(), &end);
	return *end == '\0' && std::isfinite(value);
}

bool parseWhole(const std::string &text, long &value)
{
	double number;
	if (!parseNumber(text, number) || number != std::floor(number) || std::fabs(number) > 1e9)
		return false;
	value = static_cast<long>(number);
	return true;
}

bool parseBool(const std::string &text, bool &value)
{
	value = text == "true";
	return value || text == "false";
}
