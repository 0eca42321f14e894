// tollgate: the operator, the standalone gateway and the tools.

#include <csignal>
#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include "controller/cli/options.h"
#include "controller/pipeline/operator.h"
#include "controller/standalone/run.h"
#include "controller/tools/tools.h"
#include "dataplane/base/log.h"
#include "dataplane/event/signals.h"

namespace {

namespace cli = tollgate::controller::cli;
namespace tools = tollgate::controller::tools;

struct Dispatch {
  int operator()(const cli::RunOptions& options) const {
    return tollgate::controller::standalone::run(options);
  }
  int operator()(const cli::ControllerOptions& options) const {
    return tollgate::controller::pipeline::run(options);
  }
  int operator()(const cli::CheckOptions& options) const { return tools::run_check(options); }
  int operator()(const cli::GetOptions& options) const { return tools::run_get(options); }
  int operator()(const cli::ExplainOptions& options) const { return tools::run_explain(options); }
  int operator()(const cli::VersionOptions&) const { return tools::run_version(); }
};

}  // namespace

int main(int argc, char** argv) {
  tollgate::dataplane::event::block_signals({SIGTERM, SIGINT});
  tollgate::dataplane::base::log::init(tollgate::dataplane::base::log::Level::kInfo, false);
  const cli::Parsed parsed = cli::parse(std::vector<std::string>(argv + 1, argv + argc));
  if (const auto* failure = std::get_if<cli::ParseFailure>(&parsed)) {
    (failure->exit_code == 0 ? std::cout : std::cerr) << failure->text;
    return failure->exit_code;
  }
  return std::visit(Dispatch{}, std::get<cli::Command>(parsed));
}
