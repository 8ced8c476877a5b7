"""What the codes of actions in the audit trail are called.

A code is the endpoint of a request, a command of ``kb``, the name of a thread that does what
recurs, or a word of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

BY_API = "（接口）"
ENDPOINTS: Mapping[str, str] = {
    "account.change_password": "改自己的密码", "account.end_sign_in": "结束自己的一次登录",
    "account.renew_codes": "换恢复码", "account.show_account": "查看自己的账号",
    "account.turn_off_codes": "关闭动态码", "account.turn_on_codes": "开启动态码",
    "accounts.add_account": "建账号", "accounts.change_account": "改账号",
    "accounts.show_account": "查看账号", "accounts.show_accounts": "查看账号列表",
    "agent.set_name": "填写我是谁", "api-articles.get_article": "查看条目",
    "api-articles.get_articles": "查看条目列表", "api-articles.get_categories": "查看投诉分类",
    "api-calls.create_call": "登记来电", "api-documents.preview": "读入文档",
    "api-editing.approve": "批准条目", "api-editing.archive": "归档条目",
    "api-editing.comment": "评论条目", "api-editing.get_diff": "对照两版",
    "api-editing.get_draft": "查看草稿", "api-editing.get_impact": "查看发布影响",
    "api-editing.get_queue": "查看编辑队列", "api-editing.get_revisions": "查看版本",
    "api-editing.put_draft": "保存草稿", "api-editing.reject": "退回条目",
    "api-editing.restore": "恢复旧版", "api-editing.submit": "条目送审",
    "api-editing.withdraw": "撤回送审", "api-learning.create_answer": "交练习",
    "api-learning.create_drill": "开始练习", "api-learning.create_grade": "给卡片评分",
    "api-learning.get_cards": "查看卡片", "api-learning.get_progress": "查看学习进度",
    "api-learning.undo": "撤销卡片评分", "api-limits.create_due": "算到期时间",
    "api-limits.get_limits": "查看时限", "api-reports.close_task": "关闭复核任务",
    "api-reports.get_articles": "查看条目报表", "api-reports.get_gaps": "查看缺口报表",
    "api-reports.get_outcomes": "查看结果报表", "api-reports.get_searches": "查看检索报表",
    "api-reports.get_tasks": "查看复核任务", "api-reports.mark": "处理缺口",
    "api-search.create_search": "检索", "api-search.get_search": "检索",
    "api-suggestions.create_decision": "取舍建议",
    "api-suggestions.create_displayed": "记录已显示", "api-suggestions.create_event": "使用建议",
    "api-suggestions.create_suggestions": "要建议",
    "api-suggestions.get_suggestions": "查看建议记录",
    "api-suggestions.undo_decision": "撤销取舍", "api-suggestions.undo_event": "撤销使用",
    "api-tickets.assign_ticket": "认领、转交或退回工单", "api-tickets.call_back": "回访",
    "api-tickets.close_ticket": "办结工单", "api-tickets.create_link": "关联知识",
    "api-tickets.create_ticket": "建单", "api-tickets.dispatch_ticket": "派单",
    "api-tickets.drop_link": "取消关联", "api-tickets.escalate_ticket": "记录升级",
    "api-tickets.get_ticket": "查看工单", "api-tickets.get_tickets": "查看工单列表",
    "api-tickets.reopen_ticket": "重开工单", "api-tickets.update_ticket": "修改工单",
    "api-vocabulary.get_diff": "对照词表", "api-vocabulary.get_versions": "查看词表版本",
    "api-vocabulary.get_vocabulary": "查看词表", "api-vocabulary.preview": "试词表",
    "api-vocabulary.put_vocabulary": "保存词表", "api-vocabulary.rollback": "退回旧词表",
    "classes.open_new": "新建投诉分类", "classes.propose": "提议改投诉分类",
    "classes.show": "查看投诉分类", "classes.show_all": "查看投诉分类列表",
    "classes.show_impact": "查看投诉分类影响", "classes.take_step": "审批投诉分类改动",
    "closing.callback": "回访", "closing.close": "办结工单", "closing.escalate": "记录升级",
    "closing.reopen": "重开工单", "comparing.show_file": "对照文件与草稿",
    "contact.show_contact": "查看安全联系方式", "desk.close_at_once": "建单并办结",
    "desk.report_gap": "报缺口", "desk.say_none_fits": "都不适用", "desk.show_desk": "打开坐席页",
    "desk.show_fragment": "要建议", "desk.show_reading": "阅读条目",
    "desk.show_suggestions": "要建议", "desk.switch_view": "换坐席视图",
    "dispatching.release": "退回待受理", "dispatching.send_order": "派单",
    "dispatching.show_order": "查看派单", "dispatching.take": "认领工单",
    "documents.confirm": "文档存成草稿", "documents.preview": "读入文档",
    "documents.show_upload": "打开文档导入", "drilling.answer": "交练习",
    "drilling.show_drill": "查看练习", "drilling.show_next": "查看练习列表",
    "drilling.start": "开始练习", "editing.autosave": "自动保存", "editing.discard": "放弃草稿",
    "editing.open_new": "新建条目", "editing.preview": "预览条目", "editing.save": "保存草稿",
    "editing.show_form": "打开编辑", "editing.show_history": "查看版本",
    "editing.show_impact": "查看发布影响", "editing.show_queue": "查看编辑队列",
    "editing.show_state": "查看草稿状态", "editing.take_step": "送审、审核或归档条目",
    "exports.ask": "申请导出", "exports.decide": "审批导出", "exports.fetch": "取走导出",
    "exports.show_exports": "查看导出申请", "handbook.confirm_reading": "确认读过",
    "handbook.keep_article": "收藏条目", "handbook.show_article": "查看条目",
    "handbook.show_articles": "查看条目列表", "health.get_health": "存活检查",
    "health.get_metrics": "读运行指标", "health.get_openapi": "查看接口说明",
    "health.get_readiness": "就绪检查", "learning.grade": "给卡片评分",
    "learning.show_cards": "查看卡片", "learning.show_home": "打开学习页",
    "learning.undo": "撤销卡片评分", "limits.open_new": "新建时限",
    "limits.propose": "提议改时限", "limits.show": "查看时限", "limits.show_all": "查看时限列表",
    "limits.show_impact": "查看时限影响", "limits.take_step": "审批时限改动",
    "links.relink": "恢复关联", "links.unlink": "取消关联", "pop.create_call": "登记来电",
    "pop.show_call": "打开来电", "problems.show_problem": "查看出错说明",
    "progress.assign_path": "分配路径", "progress.claim": "领取证书",
    "progress.edit_path": "改路径", "progress.mark_read": "确认读过",
    "progress.show_certificate": "查看证书", "progress.show_editor": "打开路径编辑",
    "progress.show_path": "查看路径", "progress.show_progress": "查看学习进度",
    "progress.show_team": "查看班组进度", "reports.close_task": "关闭复核任务",
    "reports.mark": "处理缺口", "reports.show_articles": "查看条目报表",
    "reports.show_gaps": "查看缺口报表", "reports.show_outcomes": "查看结果报表",
    "reports.show_searches": "查看检索报表", "reports.show_tasks": "查看复核任务",
    "search.find_quickly": "快速查找", "search.report_gap": "报缺口",
    "search.show_search": "检索", "signing.show_sign_in": "打开登录页",
    "signing.show_welcome": "打开一次性链接", "signing.sign_in": "登录",
    "signing.sign_out": "退出登录", "signing.welcome": "用一次性链接设密码",
    "starting.show_start": "打开起草", "starting.start": "起草条目", "static": "取静态文件",
    "tickets.create_ticket": "建单", "tickets.save": "修改工单",
    "tickets.show_ticket": "查看工单", "tickets.show_tickets": "查看工单列表",
    "tickets.suggest": "为工单要建议", "tokens.add_token": "建令牌",
    "tokens.revoke_token": "撤销令牌", "tokens.show_tokens": "查看令牌",
    "trail.show_trail": "查看审计记录", "trail.verify": "核对审计链",
    "unified.begin": "去统一认证", "unified.finish": "统一认证登录",
    "using.show_owned": "查看我负责的条目", "using.show_usage": "查看条目使用情况",
    "vocabulary.rollback": "退回旧词表", "vocabulary.show": "查看词表",
    "vocabulary.show_history": "查看词表版本", "vocabulary.submit": "保存词表",
}  # fmt: skip
COMMANDS: Mapping[str, str] = {
    "kb audit list": "查看审计记录", "kb audit purge": "清除过期审计记录",
    "kb audit verify": "核对审计链", "kb backup": "备份", "kb bench": "测速度",
    "kb doctor": "体检", "kb due": "算到期时间", "kb eval": "测质量",
    "kb experiment start": "开始排序试验", "kb experiment status": "查看排序试验",
    "kb experiment stop": "停止排序试验", "kb export handbook": "导出手册",
    "kb export outcomes": "导出结果记录", "kb import docx": "导入文档",
    "kb import handbook": "导入手册", "kb import tickets": "导入工单", "kb index": "更新索引",
    "kb init": "建数据目录", "kb learn": "学排序", "kb pii erase": "删除个人信息",
    "kb pii find": "查找个人信息", "kb repair": "修复索引", "kb replay": "重问建议",
    "kb restore": "恢复备份", "kb retain": "按保留期清理", "kb search": "检索",
    "kb serve": "启动服务", "kb settle": "结算结果", "kb suggest": "要建议",
    "kb tasks": "查看或关闭复核任务", "kb ticket show": "查看工单", "kb token add": "建令牌",
    "kb token list": "查看令牌", "kb token revoke": "撤销令牌", "kb train": "训练编码器",
    "kb user add": "建账号", "kb user disable": "停用账号", "kb user link": "连接统一认证",
    "kb user list": "查看账号", "kb user reset": "发重设密码的链接", "kb user roles": "改角色",
    "kb verify": "检查手册与索引",
}  # fmt: skip
THREADS: Mapping[str, str] = {
    "handbook": "收下改动的手册文件",
    "keep_backup": "定时备份",
    "retain": "按保留期清理",
    "settle": "结算结果",
}
OWN: Mapping[str, str] = {
    "": "未说明",
    "audit.purge": "清除过期审计记录",
    "audit.read": "查看审计记录",
    "migrate": "升级数据库结构",
    "pii.erase": "删除个人信息",
    "pii.find": "查找个人信息",
    "recovery_codes.made": "生成恢复码",
    "recovery_codes.used": "用恢复码登录",
    "sign_in.ended": "结束登录",
    "sign_in.opened": "登录",
    "sign_in.opened_by_provider": "统一认证登录",
    "sign_in.refused": "登录被拒",
    "sql": "别的程序直接改动数据库",
}
_ALL = {**ENDPOINTS, **THREADS, **OWN}
KNOWN = (*OWN, *ENDPOINTS, *COMMANDS, *THREADS)
"""Every code there is."""


def name_action(code: str) -> str:
    """What was done, in words; the code itself where it is of another version of this program."""
    if code in COMMANDS:
        return f"命令行：{COMMANDS[code]}"
    if code.startswith("api-") and code in ENDPOINTS:
        return f"{ENDPOINTS[code]}{BY_API}"
    return _ALL.get(code, code)
