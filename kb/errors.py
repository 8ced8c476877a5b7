"""Reasons for refusal: one class a reason, the Chinese docstring is the message shown."""

# ruff: noqa: N818 (the names are the design's words: TicketConflict, IndexMissing)

from __future__ import annotations


class KBError(Exception):
    """操作未完成"""

    code = "error"

    def __init__(self, detail: str = "", *, field: str = "") -> None:
        """Keep the detail (Chinese, shown to the user) and the field it is about ("" when none)."""
        self.title = (type(self).__doc__ or "").strip()
        self.detail = detail
        self.field = field
        super().__init__(f"{self.title}：{detail}" if detail else self.title)


class InvalidInput(KBError):
    """输入有误"""

    code = "invalid-input"


class ArticleNotFound(KBError):
    """没有这个知识条目"""

    code = "article-not-found"


class DocumentRefused(KBError):
    """这个文件不能导入"""

    code = "document-refused"


class TimeLimitNotFound(KBError):
    """没有这个时限"""

    code = "time-limit-not-found"


class CategoryNotFound(KBError):
    """没有这个投诉分类"""

    code = "category-not-found"


class TicketNotFound(KBError):
    """没有这个工单"""

    code = "ticket-not-found"


class ImpressionNotFound(KBError):
    """没有这条曝光记录"""

    code = "impression-not-found"


class SessionNotFound(KBError):
    """没有这个建议会话"""

    code = "session-not-found"


class CallNotFound(KBError):
    """没有这个来电"""

    code = "call-not-found"


class LinkSpent(KBError):
    """弹屏链接已用过、已过期或不是本系统签发的"""

    code = "link-spent"


class LinkNotFound(KBError):
    """工单没有这条关联"""

    code = "link-not-found"


class EventNotFound(KBError):
    """没有这条操作记录"""

    code = "event-not-found"


class DecisionNotFound(KBError):
    """没有这个决定"""

    code = "decision-not-found"


class EventKeyConflict(KBError):
    """同一个 event_key 不能用于不同的操作"""

    code = "event-key-conflict"


class UndoRefused(KBError):
    """不能撤销"""

    code = "undo-refused"


class TicketConflict(KBError):
    """工单当前状态不允许这样做"""

    code = "ticket-conflict"


class ReviewTaskNotFound(KBError):
    """没有这个复核任务"""

    code = "review-task-not-found"


class ReviewTaskConflict(KBError):
    """复核任务当前状态不允许这样做"""

    code = "review-task-conflict"


class GapNotFound(KBError):
    """没有这个知识缺口"""

    code = "gap-not-found"


class CardNotFound(KBError):
    """没有这张卡片，或它所在的条目已失效"""

    code = "card-not-found"


class DrillNotFound(KBError):
    """没有这个练习"""

    code = "drill-not-found"


class NoCase(KBError):
    """还没有可以练习的案例：要有结果已定的工单，且不是您自己经手的"""

    code = "no-case"


class CertificateRefused(KBError):
    """还不能发证书"""

    code = "certificate-refused"


class StaleVersion(KBError):
    """内容已被他人修改，请刷新后再提交"""

    code = "stale-version"


class IdempotencyConflict(KBError):
    """同一个 Idempotency-Key 不能用于不同的请求"""

    code = "idempotency-conflict"


class HandbookInvalid(KBError):
    """手册文件有误"""

    code = "handbook-invalid"


class DataFolderMissing(KBError):
    """数据目录还没有建好，请先运行 kb init"""

    code = "data-folder-missing"


class IndexMissing(KBError):
    """索引还没有建好，请先运行 kb index"""

    code = "index-missing"


class IndexMismatch(KBError):
    """索引与当前设置不符，请运行 kb index --full 重建"""

    code = "index-mismatch"


class IndexDamaged(KBError):
    """索引文件损坏；kb serve 会自己重建，也可以运行 kb index"""

    code = "index-damaged"


class IndexBusy(KBError):
    """另一个进程正在写索引，请稍后再试"""

    code = "index-busy"


class EncoderUnavailable(KBError):
    """编码器不可用"""

    code = "encoder-unavailable"


class DatabaseDamaged(KBError):
    """数据库文件已损坏，请停下服务，用 kb restore 把最近的备份恢复到空的数据目录"""

    code = "database-damaged"


class DiskFull(KBError):
    """磁盘空间不足，没有保存；清出空间后再试，不用重启"""

    code = "disk-full"


class PortInUse(KBError):
    """端口已被占用"""

    code = "port-in-use"


class RankerVersionNotFound(KBError):
    """没有这个排序版本"""

    code = "ranker-version-not-found"


class ExperimentNotFound(KBError):
    """没有这个实验"""

    code = "experiment-not-found"


class ExperimentConflict(KBError):
    """现在不能这样做实验"""

    code = "experiment-conflict"


class ExportNotFound(KBError):
    """没有这份导出申请"""

    code = "export-not-found"


class ExportRefused(KBError):
    """现在不能导出"""

    code = "export-refused"


class EditRefused(KBError):
    """这一版现在不能这样处理"""

    code = "edit-refused"


class SelfApproval(KBError):
    """不能审核自己写的版本"""

    code = "self-approval"


class RevisionConflict(KBError):
    """条目已被他人修改，请对照后再提交"""

    code = "revision-conflict"


class VersionMissing(KBError):
    """请用 If-Match 写明改的是哪一版"""

    code = "version-missing"


class VocabularyNotFound(KBError):
    """没有这一版词表"""

    code = "vocabulary-not-found"


class LowersRanking(KBError):
    """发布后评测会变差，请写明仍要发布的理由"""

    code = "lowers-ranking"


class DataFolderInUse(KBError):
    """数据文件夹不是空的"""

    code = "data-folder-in-use"


class BackupDamaged(KBError):
    """备份文件不能用"""

    code = "backup-damaged"


class DatabaseTooNew(KBError):
    """数据库由更新的版本写成"""

    code = "database-too-new"


class AccountNotFound(KBError):
    """没有这个账号"""

    code = "account-not-found"


class AccountConflict(KBError):
    """账号不能这样改"""

    code = "account-conflict"


class AccountLinkSpent(KBError):
    """这个一次性链接已用过、已过期或不是本系统签发的"""

    code = "account-link-spent"


class AccountsMissing(KBError):
    """还没有账号，只能在本机使用"""

    code = "accounts-missing"


class SignInRefused(KBError):
    """姓名、密码或动态码不对"""

    code = "sign-in-refused"


class SignInLocked(KBError):
    """失败次数过多，请 15 分钟后再试"""

    code = "sign-in-locked"


class IdentityRefused(KBError):
    """统一认证没有通过，请重新登录"""

    code = "identity-refused"


class ProviderUnavailable(KBError):
    """统一认证现在连不上，请稍后再试，或用密码登录"""

    code = "provider-unavailable"


class AccountNotLinked(KBError):
    """统一认证通过了，但您在这里没有可用的账号"""

    code = "account-not-linked"


class ExtraMissing(KBError):
    """缺少这项功能要用的安装包"""

    code = "extra-missing"


class KeyLost(KBError):
    """密钥文件读不出来，动态码现在核对不了；请用恢复码登录，或请管理员发重设密码的链接"""

    code = "key-lost"


class SignInNeeded(KBError):
    """请先登录"""

    code = "sign-in-needed"


class Forbidden(KBError):
    """您的角色不能这样做"""

    code = "forbidden"
