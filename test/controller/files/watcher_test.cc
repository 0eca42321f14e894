#include "controller/files/watcher.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace tollgate::controller::files {
namespace {

namespace fs = std::filesystem;

class Watcher : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tollgate-watch-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root = name;
  }
  void TearDown() override {
    watcher.reset();
    fs::remove_all(root);
  }

  void watch(std::vector<std::string> paths) {
    for (std::string& path : paths) path = (root / path).string();
    auto created = FileWatcher::create(std::move(paths));
    ASSERT_TRUE(created.has_value()) << created.error().detail;
    watcher = std::move(*created);
  }
  void write(const std::string& path, const std::string& text = "x") {
    std::ofstream(root / path) << text;
  }
  static bool take(FileWatcher& watcher) {
    watcher.drain();
    return watcher.take();
  }
  /// Events are queued before the system call that causes them returns.
  bool changed() {
    pollfd poll_fd{watcher->fd(), POLLIN, 0};
    const bool readable = poll(&poll_fd, 1, 0) == 1;
    const bool result = take(*watcher);
    EXPECT_EQ(watcher->problem(), "");
    EXPECT_TRUE(readable || !result);
    return result;
  }

  fs::path root;
  std::unique_ptr<FileWatcher> watcher;
};

TEST_F(Watcher, IsSilentWhenNothingHappens) {
  write("a.yaml");
  watch({"."});
  EXPECT_FALSE(changed());
}

TEST_F(Watcher, SeesFilesOfAFolder) {
  watch({"."});
  write("a.yaml");
  EXPECT_TRUE(changed());
  write("a.yaml", "y");
  EXPECT_TRUE(changed());
  write("b.tmp");
  EXPECT_FALSE(changed());
  fs::rename(root / "b.tmp", root / "a.yaml");
  EXPECT_TRUE(changed());
  fs::remove(root / "a.yaml");
  EXPECT_TRUE(changed());
  write(".hidden.yaml");
  EXPECT_FALSE(changed());
  write("notes.txt");
  EXPECT_FALSE(changed());
}

TEST_F(Watcher, SeesASingleFileAndItsReplacement) {
  write("a.yaml");
  write("other.yaml");
  watch({"a.yaml"});
  write("other.yaml", "y");
  EXPECT_FALSE(changed());
  write("a.yaml", "y");
  EXPECT_TRUE(changed());
  write("new", "z");
  fs::rename(root / "new", root / "a.yaml");
  EXPECT_TRUE(changed());
  fs::remove(root / "a.yaml");
  EXPECT_TRUE(changed());
  write("a.yaml");
  EXPECT_TRUE(changed());
}

TEST_F(Watcher, SeesFoldersThatAppearAndWhatIsInThem) {
  watch({"."});
  fs::create_directories(root / "x" / "y");
  EXPECT_TRUE(changed());
  write("x/y/a.yaml");
  EXPECT_TRUE(changed());
  fs::rename(root / "x", root / "z");
  EXPECT_TRUE(changed());
  write("z/y/a.yaml", "y");
  EXPECT_TRUE(changed());
  fs::remove_all(root / "z");
  EXPECT_TRUE(changed());
  EXPECT_FALSE(changed());
}

TEST_F(Watcher, SeesTheLinkOfAMountedConfigMapMove) {
  fs::create_directory(root / "..v1");
  write("..v1/a.yaml", "1");
  fs::create_directory_symlink("..v1", root / "..data");
  fs::create_symlink("..data/a.yaml", root / "a.yaml");
  watch({"."});
  EXPECT_FALSE(changed());
  fs::create_directory(root / "..v2");
  write("..v2/a.yaml", "2");
  fs::create_directory_symlink("..v2", root / "..tmp");
  fs::rename(root / "..tmp", root / "..data");
  EXPECT_TRUE(changed());
  fs::remove_all(root / "..v1");
  changed();
  write("..v2/a.yaml", "3");
  EXPECT_TRUE(changed());
}

TEST_F(Watcher, FollowsLinksOnTheWay) {
  fs::create_directories(root / "v1" / "cfg");
  fs::create_directories(root / "v2" / "cfg");
  write("v1/cfg/a.yaml");
  write("v2/cfg/a.yaml");
  fs::create_directory_symlink("v1", root / "current");
  watch({"current/cfg"});
  write("v2/cfg/a.yaml", "y");
  EXPECT_FALSE(changed());
  write("v1/cfg/a.yaml", "y");
  EXPECT_TRUE(changed());
  fs::create_directory_symlink("v2", root / "next");
  EXPECT_FALSE(changed());
  fs::rename(root / "next", root / "current");
  EXPECT_TRUE(changed());
  write("v2/cfg/a.yaml", "z");
  EXPECT_TRUE(changed());
  write("v1/cfg/a.yaml", "z");
  EXPECT_FALSE(changed());
}

TEST_F(Watcher, FollowsLinksInAFolder) {
  fs::create_directory(root / "in");
  fs::create_directory(root / "out");
  write("out/a.yaml");
  watch({"in"});
  fs::create_directory_symlink("../out", root / "in" / "link");
  EXPECT_TRUE(changed());
  write("out/a.yaml", "y");
  EXPECT_TRUE(changed());
  fs::create_directory_symlink("..", root / "out" / "loop");
  changed();
  fs::remove(root / "in" / "link");
  EXPECT_TRUE(changed());
  write("out/a.yaml", "z");
  EXPECT_FALSE(changed());
}

TEST_F(Watcher, WaitsForPathsThatDoNotExist) {
  watch({"a/b/c.yaml"});
  fs::create_directory(root / "a");
  EXPECT_TRUE(changed());
  fs::create_directory(root / "a" / "b");
  EXPECT_TRUE(changed());
  write("a/b/c.yaml");
  EXPECT_TRUE(changed());
  fs::remove_all(root / "a");
  EXPECT_TRUE(changed());
  fs::create_directories(root / "a" / "b");
  EXPECT_TRUE(changed());
  write("a/b/c.yaml");
  EXPECT_TRUE(changed());
}

TEST_F(Watcher, LeavesNoWatchBehindOnFoldersThatAreGone) {
  watch({"."});
  for (int i = 0; i < 100; ++i) {
    fs::create_directory(root / "x");
    EXPECT_TRUE(changed());
    fs::remove(root / "x");
    EXPECT_TRUE(changed());
  }
  EXPECT_FALSE(changed());
}

TEST_F(Watcher, KeepsWhatItWatchesWhenThereAreTooManyFolders) {
  constexpr std::size_t kFew = 64;
  fs::create_directory(root / "old");
  auto created = FileWatcher::create({root.string()}, kFew);
  ASSERT_TRUE(created.has_value());
  FileWatcher& few = **created;
  EXPECT_EQ(few.problem(), "");
  for (std::size_t i = 0; i < kFew; ++i) fs::create_directory(root / std::to_string(i));
  EXPECT_TRUE(take(few));
  EXPECT_EQ(few.problem(), "more than 64 folders to watch");
  write("old/a.yaml");
  EXPECT_TRUE(take(few));
  write("b.yaml");
  EXPECT_TRUE(take(few));
  EXPECT_NE(few.problem(), "");
  for (std::size_t i = 0; i < kFew; ++i) fs::remove(root / std::to_string(i));
  EXPECT_TRUE(take(few));
  EXPECT_EQ(few.problem(), "");
}

TEST_F(Watcher, BeginsWithTooManyFolders) {
  constexpr std::size_t kFew = 64;
  for (std::size_t i = 0; i < kFew; ++i) fs::create_directory(root / std::to_string(i));
  auto created = FileWatcher::create({root.string()}, kFew);
  ASSERT_TRUE(created.has_value());
  EXPECT_NE((*created)->problem(), "");
  for (std::size_t i = 0; i < kFew; ++i) fs::remove(root / std::to_string(i));
  (*created)->retry();
  EXPECT_EQ((*created)->problem(), "");
  write("a.yaml");
  EXPECT_TRUE(take(**created));
}

}  // namespace
}  // namespace tollgate::controller::files
